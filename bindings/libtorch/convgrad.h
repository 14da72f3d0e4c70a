// What the gradients of the fast convolutions share.
#pragma once

#include "convolution.h"

namespace cgan {

// leaky_grad is dy, pixelwise, through the LeakyReLU that gave y.
at::Tensor leaky_grad(const at::Tensor &y, const at::Tensor &dy, double slope);

// bias_grad is dy, pixelwise, summed up by channel.
at::Tensor bias_grad(const at::Tensor &dy);

// as_laid_out gives a weight's gradient the memory order of the weight, so that nothing copies it later.
at::Tensor as_laid_out(const at::Tensor &grad, const at::Tensor &weight);

} // namespace cgan
