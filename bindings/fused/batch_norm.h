// Batch normalisation in training, followed by LeakyReLU, of images [B, C, H, W], pixelwise.
#pragma once

#include "moments.h"

namespace cgan {

struct BatchNorm {
  const KernelSet *kernels;
  at::Tensor mean, scale, shift, invstd; // [C]
  double slope;                          // of the LeakyReLU, where 1 is none

  Norm by_channel() const;
};

// batch_norm normalises by the moments of a batch.
BatchNorm batch_norm(const KernelSet &, const Moments &, const at::Tensor &weight, const at::Tensor &bias, double eps,
                     double slope);

// track moves the running statistics towards those of a batch.
void track(const Moments &, double momentum, at::Tensor running_mean, at::Tensor running_var);

at::Tensor norm_forward(const BatchNorm &, const at::Tensor &x);

struct NormGrads {
  at::Tensor x, weight, bias;
};
NormGrads norm_backward(const BatchNorm &, const at::Tensor &x, const at::Tensor &dy);

} // namespace cgan
