// What the autograd nodes of the fast convolutions share.
#pragma once

#include "convolution.h"

#include <torch/csrc/autograd/custom_function.h>

namespace cgan {

// Setting is how a convolution goes, as its node keeps it for the way back.
struct Setting {
  int64_t stride, padding;
  bool transposed;
  double slope; // of the LeakyReLU at its end

  void save(torch::autograd::AutogradContext *) const;
  static Setting saved(torch::autograd::AutogradContext *);

  // check checks the shapes, x, and parameters of a value for each channel of the result.
  void check(const at::Tensor &x, const at::Tensor &weight, at::ArrayRef<at::Tensor> parameters) const;

  Convolution of(const at::Tensor &x, const at::Tensor &weight) const { return convolution_of(x, weight, stride, padding, transposed); }
  at::Tensor forward(const at::Tensor &x, const at::Tensor &weight, const Finish &) const; // x is pixelwise

  // The gradients by that of the result, pixelwise and in front of the LeakyReLU.
  at::Tensor input_grad(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &dy) const;
  at::Tensor weight_grad(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &dy) const;
};

// leaky_grad is dy, pixelwise, through the LeakyReLU that gave y.
at::Tensor leaky_grad(const at::Tensor &y, const at::Tensor &dy, double slope);

// bias_grad is dy, pixelwise, summed up by channel.
at::Tensor bias_grad(const at::Tensor &dy);

// as_laid_out gives a weight's gradient the memory order of the weight, so that nothing copies it later.
at::Tensor as_laid_out(const at::Tensor &grad, const at::Tensor &weight);

} // namespace cgan
