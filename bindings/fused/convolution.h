// Convolutions by the kernels of the fast mode.
//
// Conv2d and ConvTranspose2d are one thing seen from two sides: pixels of a coarse grid and pixels of a fine
// one, fine = coarse * stride - padding + tap. Conv2d goes from fine to coarse, ConvTranspose2d back, and
// the weight is [coarse channels, fine channels, kernel, kernel] for both.
//
// Images and weights lie in memory as [H, W, B, C] and [kernel, kernel, coarse, fine]: each pixel and each
// tap is a matrix, and nothing is copied to be multiplied but into panels.
#pragma once

#include "moments.h"

namespace cgan {

struct Grid {
  int64_t channels, height, width;
  int64_t pixels() const { return height * width; }
};

struct Convolution {
  int64_t batch, kernel, stride, padding;
  Grid coarse, fine;
  int64_t taps() const { return kernel * kernel; }
};

// data is where the values of t begin.
template <class T> T *data(const at::Tensor &t) { return static_cast<T *>(t.data_ptr()); }

// convolution_of checks the shapes of input [B, C, H, W] and weight.
Convolution convolution_of(const at::Tensor &input, const at::Tensor &weight, int64_t stride, int64_t padding, bool transposed);

// check_type checks that the chosen kernels take x [B, C, H, W]: others may have been chosen since the forward pass.
void check_type(const at::Tensor &x);

// check_taken checks x, and parameters of channels values each.
void check_taken(const at::Tensor &x, int64_t channels, at::ArrayRef<at::Tensor> parameters);

// pixelwise is t [A, B, H, W] in the memory order H, W, A, B.
at::Tensor pixelwise(const at::Tensor &t);

// What goes on behind the sums: times scale [C] if there is one, plus bias [C] or, at each coarse pixel, plus one of the maps [pixels, N, C]
// that index [B] picks; then LeakyReLU of slope, where 1 is none.
struct Finish {
  at::Tensor scale, bias, maps, index;
  double slope = 1;
  Moments *moments = nullptr; // empty ones, to become those of the result; then there is no scale, map or slope
};

// inside is [coarse pixels, taps]: 1 where the tap of a pixel lies on the fine grid, and not on padding.
at::Tensor inside(const Convolution &);

// Results have the type of what comes in, float32 or bfloat16, and are pixelwise. The weight is float32.
at::Tensor to_coarse(const Convolution &, const at::Tensor &fine, const at::Tensor &weight, const Finish &);
at::Tensor to_fine(const Convolution &, const at::Tensor &coarse, const at::Tensor &weight, const Finish &);
at::Tensor weight_grad(const Convolution &, const at::Tensor &coarse, const at::Tensor &fine); // float32

} // namespace cgan
