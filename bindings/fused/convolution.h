// Convolutions as products of matrices.
//
// Conv2d and ConvTranspose2d are one thing seen from two sides: pixels of a coarse grid and pixels of a fine
// one, fine = coarse * stride - padding + tap. Conv2d goes from fine to coarse, ConvTranspose2d back, and
// the weight is [coarse channels, fine channels, kernel size, kernel size] for both.
//
// Images and weights lie in memory as [H, W, B, C] and [kernel size, kernel size, coarse, fine]: each pixel and
// each tap is a matrix, and operands are copied into panels only.
#pragma once

#include "../kernels/kernels.h"
#include "moments.h"

namespace cgan {

struct Grid {
  int64_t channels, height, width;
  int64_t pixels() const { return height * width; }
};

struct Convolution {
  const KernelSet *kernels;
  int64_t batch, kernel_size, stride, padding;
  Grid coarse, fine;
  bool no_grad = false;
  int64_t taps() const { return kernel_size * kernel_size; }
};

// data is where the values of t begin.
template <class T> T *data(const at::Tensor &t) { return static_cast<T *>(t.data_ptr()); }

// pixelwise is t [A, B, H, W] in the memory order H, W, A, B.
at::Tensor pixelwise(const at::Tensor &t);

// Epilogue is what follows the sums of a convolution: times scale [C] if there is one, plus bias [C] or, at each coarse
// pixel, plus one of the maps [pixels, N, C], which index [B] picks; then LeakyReLU of slope, where 1 is none.
struct Epilogue {
  at::Tensor scale, bias, maps, index;
  double slope = 1;
  Moments *moments = nullptr; // empty ones, to become those of the result; then there is no scale, map or slope
};

// tap_mask is [coarse pixels, taps]: 1 where the tap of a pixel lies on the fine grid, 0 where it lies on padding.
at::Tensor tap_mask(const Convolution &);

// Results have the type of what comes in, float32 or bfloat16, and are pixelwise. The weight is float32.
at::Tensor to_coarse(const Convolution &, const at::Tensor &fine, const at::Tensor &weight, const Epilogue &);
at::Tensor to_fine(const Convolution &, const at::Tensor &coarse, const at::Tensor &weight, const Epilogue &);
at::Tensor weight_grad(const Convolution &, const at::Tensor &coarse, const at::Tensor &fine); // float32

} // namespace cgan
