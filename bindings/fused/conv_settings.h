// What the autograd nodes of the fused convolutions share.
#pragma once

#include "convolution.h"
#include "fused.h"

#include <torch/csrc/autograd/custom_function.h>

namespace cgan {

// ConvSettings is how a convolution goes. Its node keeps it for the way back, with the kernels of the way there.
struct ConvSettings {
  const KernelSet *kernels;
  int64_t stride, padding;
  bool transposed;
  double slope; // of the LeakyReLU at its end
  bool no_grad = false;

  explicit ConvSettings(const cgan_conv_settings &);
  explicit ConvSettings(torch::autograd::AutogradContext *); // what save kept
  void save(torch::autograd::AutogradContext *) const;

  // check checks the shapes, x, and parameters of a value for each channel of the result.
  void check(const at::Tensor &x, const at::Tensor &weight, at::ArrayRef<at::Tensor> parameters) const;
  // check_operands checks x [B, C, H, W], and parameters of channels values each.
  void check_operands(const at::Tensor &x, int64_t channels, at::ArrayRef<at::Tensor> parameters) const;

  // of is the convolution of x with weight; it checks their shapes.
  Convolution of(const at::Tensor &x, const at::Tensor &weight) const;
  at::Tensor forward(const at::Tensor &x, const at::Tensor &weight, const Epilogue &) const; // x is pixelwise

  // The gradients by that of the result, which is pixelwise and taken before the LeakyReLU.
  at::Tensor input_grad(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &dy) const;
  at::Tensor weight_grad(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &dy) const;

  // leaky_grad is dy, pixelwise, through the LeakyReLU that gave y.
  at::Tensor leaky_grad(const at::Tensor &y, const at::Tensor &dy) const;
  // bias_grad is dy, pixelwise, summed up by channel.
  at::Tensor bias_grad(const at::Tensor &dy) const;
};

// as_laid_out gives a weight's gradient the memory order of the weight, so that nothing copies it later.
at::Tensor as_laid_out(const at::Tensor &grad, const at::Tensor &weight);

} // namespace cgan
