#include "convolution.h"
#include "sum.h"

namespace cgan {
namespace {

// image is a new [B, C, H, W], pixelwise.
at::Tensor image(int64_t batch, const Grid &g, at::ScalarType type) {
  const int64_t pixel = batch * g.channels;
  return at::empty_strided({batch, g.channels, g.height, g.width}, {g.channels, 1, g.width * pixel, pixel}, type);
}

template <class T> at::Tensor to_coarse_of(const Convolution &c, const at::Tensor &fine, const at::Tensor &weight, const Finish &finish) {
  const auto all = one_group(c.coarse.pixels());
  const at::Tensor result = image(c.batch, c.coarse, type_of<T>);
  if (few(c)) {
    const Panels left = pack_gathered<T>(c, Side::left, Along::panel, fine);
    const Panels right = pack_matrices<T>(Side::right, Along::k, gathered_weight(c, weight));
    sum<T>(each_itself(c.coarse.pixels()), all, left, right, c.batch, c.coarse.channels, finish, data<T>(result));
    return result;
  }
  const Panels left = left_lines(matrices<T>(fine));
  const Panels right = pack_matrices<T>(Side::right, Along::k, matrices<float>(weight));
  sum<T>(coarse_links(c), all, left, right, c.batch, c.coarse.channels, finish, data<T>(result));
  return result;
}

// fold adds up what each coarse pixel gave to its fine neighbours: columns [pixels, B, taps * C].
template <class T> void fold(const Convolution &c, const float *columns, const Finish &finish, T *out) {
  TORCH_CHECK(!finish.maps.defined(), "maps are of coarse pixels");
  const Links from = fine_links(c);
  const int64_t channels = c.fine.channels, width = c.taps() * channels, count = c.batch * channels;
  const Rows rows(finish);
  parallel(Work::fold, c.fine.pixels(), [&](int64_t pixel) {
    std::vector<float> total(count);
    for (const Link &link : from[pixel]) {
      const float *column = columns + link.pixel * c.batch * width + link.tap * channels;
      for (int64_t b = 0; b < c.batch; b++)
        for (int64_t f = 0; f < channels; f++) total[b * channels + f] += column[b * width + f];
    }
    for (int64_t i = 0; i < count; i++) {
      if (rows.scale != nullptr) total[i] *= rows.scale[i % channels];
      if (rows.bias != nullptr) total[i] += rows.bias[i % channels];
    }
    In<T>::vectors().leaky_relu(total.data(), count, rows.slope, out + pixel * count);
  });
}

template <class T> at::Tensor to_fine_of(const Convolution &c, const at::Tensor &coarse, const at::Tensor &weight, const Finish &finish) {
  const Panels left = left_lines(matrices<T>(coarse));
  const at::Tensor result = image(c.batch, c.fine, type_of<T>);
  if (few(c)) {
    const Panels right = pack_matrices<T>(Side::right, Along::panel, gathered_weight(c, weight));
    const int64_t width = c.taps() * c.fine.channels;
    const at::Tensor columns = at::empty({c.coarse.pixels(), c.batch, width}, at::kFloat);
    sum<T>(each_itself(c.coarse.pixels()), one_group(c.coarse.pixels()), left, right, c.batch, width, {}, data<float>(columns));
    fold(c, data<float>(columns), finish, data<T>(result));
    if (finish.moments != nullptr) *finish.moments = moments_of(result);
    return result;
  }
  const Panels right = pack_matrices<T>(Side::right, Along::panel, matrices<float>(weight));
  sum<T>(fine_links(c), phases(c), left, right, c.batch, c.fine.channels, finish, data<T>(result));
  return result;
}

} // namespace

Convolution convolution_of(const at::Tensor &input, const at::Tensor &weight, int64_t stride, int64_t padding, bool transposed) {
  TORCH_CHECK(input.dim() == 4 && weight.dim() == 4 && weight.size(2) == weight.size(3), "expected [B, C, H, W] and a square kernel, got ", input.sizes(), " and ", weight.sizes());
  TORCH_CHECK(weight.is_cpu() && weight.scalar_type() == at::kFloat, "the kernels take a weight of Float on the CPU, got ", weight.scalar_type(), " on ", weight.device());
  TORCH_CHECK(input.numel() > 0 && weight.numel() > 0, "the kernels take no empty tensors, got ", input.sizes(), " and ", weight.sizes());
  TORCH_CHECK(stride > 0 && padding >= 0, "expected a stride of at least 1 and a padding of at least 0, got ", stride, " and ", padding);
  const int64_t from = transposed ? 0 : 1, k = weight.size(2);
  TORCH_CHECK(input.size(1) == weight.size(from), "the input has ", input.size(1), " channels, the weight takes ", weight.size(from));
  const Grid in{input.size(1), input.size(2), input.size(3)};
  auto other = [&](int64_t n) { return transposed ? (n - 1) * stride - 2 * padding + k : (n + 2 * padding - k) / stride + 1; };
  const Grid out{weight.size(1 - from), other(in.height), other(in.width)};
  const bool inside = transposed || std::min(in.height, in.width) + 2 * padding >= k; // division would round up to 1
  TORCH_CHECK(inside && out.height > 0 && out.width > 0, "a kernel of ", k, " does not fit on ", input.sizes());
  return {input.size(0), k, stride, padding, transposed ? in : out, transposed ? out : in};
}

at::Tensor pixelwise(const at::Tensor &t) {
  int64_t next = 1;
  for (int64_t d : {1, 0, 3, 2}) {
    if (t.size(d) != 1 && t.stride(d) != next) return t.permute({2, 3, 0, 1}).contiguous().permute({2, 3, 0, 1});
    next *= t.size(d);
  }
  return t;
}

at::Tensor to_coarse(const Convolution &c, const at::Tensor &fine, const at::Tensor &weight, const Finish &finish) {
  return fine.scalar_type() == at::kBFloat16 ? to_coarse_of<BFloat>(c, fine, weight, finish) : to_coarse_of<float>(c, fine, weight, finish);
}

at::Tensor to_fine(const Convolution &c, const at::Tensor &coarse, const at::Tensor &weight, const Finish &finish) {
  return coarse.scalar_type() == at::kBFloat16 ? to_fine_of<BFloat>(c, coarse, weight, finish) : to_fine_of<float>(c, coarse, weight, finish);
}

} // namespace cgan
