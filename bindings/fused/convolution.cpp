#include "convolution.h"
#include "multiply_tiles.h"

namespace cgan {
namespace {

// image is a new [B, C, H, W], pixelwise.
at::Tensor image(int64_t batch, const Grid &g, at::ScalarType type) {
  const int64_t pixel = batch * g.channels;
  return at::empty_strided({batch, g.channels, g.height, g.width}, {g.channels, 1, g.width * pixel, pixel}, type);
}

template <class T> at::Tensor to_coarse_of(const Convolution &c, const at::Tensor &fine, const at::Tensor &weight,
                                           const Epilogue &epilogue) {
  const KernelSet &kernels = *c.kernels;
  const auto all = one_group(c.coarse.pixels());
  const at::Tensor result = image(c.batch, c.coarse, type_of<T>);
  if (use_gathered(c)) {
    const Panels left = pack_gathered<T>(c, Side::left, Contiguous::panel, fine);
    const Panels right = pack_matrices<T>(kernels, Side::right, Contiguous::k, gathered_weight(c, weight));
    multiply_tiles<T>(kernels, each_itself(c.coarse.pixels()), all, left, right, c.batch, c.coarse.channels, epilogue,
                      data<T>(result));
    return result;
  }
  const Panels left = left_operand(kernels, matrices<T>(fine));
  const Panels right = pack_matrices<T>(kernels, Side::right, Contiguous::k, matrices<float>(weight));
  multiply_tiles<T>(kernels, coarse_links(c), all, left, right, c.batch, c.coarse.channels, epilogue, data<T>(result));
  return result;
}

// fold adds up what each coarse pixel gave to its fine neighbours: columns [pixels, B, taps * C].
template <class T> void fold(const Convolution &c, const float *columns, const Epilogue &epilogue, T *out) {
  TORCH_CHECK(!epilogue.maps.defined(), "maps are of coarse pixels");
  const Links from = fine_links(c);
  const int64_t channels = c.fine.channels, width = c.taps() * channels, count = c.batch * channels;
  const EpilogueView view(epilogue);
  parallel(Work::fold, c.fine.pixels(), [&](int64_t pixel) {
    std::vector<float> total(count);
    for (const Link &link : from[pixel]) {
      const float *column = columns + link.pixel * c.batch * width + link.tap * channels;
      for (int64_t b = 0; b < c.batch; b++)
        for (int64_t f = 0; f < channels; f++) total[b * channels + f] += column[b * width + f];
    }
    for (int64_t i = 0; i < count; i++) {
      if (view.scale != nullptr) total[i] *= view.scale[i % channels];
      if (view.bias != nullptr) total[i] += view.bias[i % channels];
    }
    row_kernels<T>(*c.kernels).leaky_relu(total.data(), count, view.slope, out + pixel * count);
  });
}

template <class T> at::Tensor to_fine_of(const Convolution &c, const at::Tensor &coarse, const at::Tensor &weight,
                                         const Epilogue &epilogue) {
  const KernelSet &kernels = *c.kernels;
  const Panels left = left_operand(kernels, matrices<T>(coarse));
  const at::Tensor result = image(c.batch, c.fine, type_of<T>);
  if (use_gathered(c)) {
    const Panels right = right_operand<T>(kernels, c.batch, gathered_weight(c, weight));
    const int64_t width = c.taps() * c.fine.channels;
    const at::Tensor columns = at::empty({c.coarse.pixels(), c.batch, width}, at::kFloat);
    multiply_tiles<T>(kernels, each_itself(c.coarse.pixels()), one_group(c.coarse.pixels()), left, right, c.batch,
                      width, {}, data<float>(columns));
    fold(c, data<float>(columns), epilogue, data<T>(result));
    if (epilogue.moments != nullptr) *epilogue.moments = moments_of(kernels, result);
    return result;
  }
  const Panels right = right_operand<T>(kernels, c.batch, matrices<float>(weight));
  multiply_tiles<T>(kernels, fine_links(c), phases(c), left, right, c.batch, c.fine.channels, epilogue,
                    data<T>(result));
  return result;
}

} // namespace

at::Tensor pixelwise(const at::Tensor &t) {
  int64_t next = 1;
  for (int64_t d : {1, 0, 3, 2}) {
    if (t.size(d) != 1 && t.stride(d) != next) return t.permute({2, 3, 0, 1}).contiguous().permute({2, 3, 0, 1});
    next *= t.size(d);
  }
  return t;
}

at::Tensor to_coarse(const Convolution &c, const at::Tensor &fine, const at::Tensor &weight, const Epilogue &epilogue) {
  return fine.scalar_type() == at::kBFloat16 ? to_coarse_of<BFloat>(c, fine, weight, epilogue)
                                             : to_coarse_of<float>(c, fine, weight, epilogue);
}

at::Tensor to_fine(const Convolution &c, const at::Tensor &coarse, const at::Tensor &weight, const Epilogue &epilogue) {
  return coarse.scalar_type() == at::kBFloat16 ? to_fine_of<BFloat>(c, coarse, weight, epilogue)
                                               : to_fine_of<float>(c, coarse, weight, epilogue);
}

} // namespace cgan
