#include "convolution.h"
#include "multiply_tiles.h"
#include "packed_weight.h"

namespace cgan {
namespace {

// as_right_k is the weight to be multiplied from the right, the fine channels along K, or with use_gathered their taps too.
template <class T> Panels as_right_k(const Convolution &c, const at::Tensor &weight) {
  return packed_weight<T>(c, weight, Contiguous::k, [&] {
    return pack_matrices<T>(*c.kernels, Side::right, Contiguous::k,
                            use_gathered(c) ? gathered_weight(c, weight) : matrices<float>(weight));
  });
}

// as_right_n is the same with the coarse channels along K.
template <class T> Panels as_right_n(const Convolution &c, const at::Tensor &weight) {
  return packed_weight<T>(c, weight, Contiguous::panel, [&] {
    return right_operand<T>(*c.kernels, c.batch, use_gathered(c) ? gathered_weight(c, weight) : matrices<float>(weight));
  });
}

// image is a new [B, C, H, W], pixelwise.
at::Tensor image(int64_t batch, const Grid &g, at::ScalarType type) {
  const int64_t pixel = batch * g.channels;
  return at::empty_strided({batch, g.channels, g.height, g.width}, {g.channels, 1, g.width * pixel, pixel}, type);
}

// So few images are too few rows to keep the multipliers busy, which want 8 sums at once: then the pixels of a row of
// the grid are rows of the product, too.
constexpr int64_t kFewImages = 3;

template <class T> bool joins_pixels(const Convolution &c, int64_t k, const Epilogue &epilogue) {
  const auto &kernel = gemm_kernel<T>(*c.kernels);
  return c.batch <= kFewImages && c.coarse.width > 1 && !use_gathered(c) && kernel.unpacked && k % kernel.k_step == 0 &&
         epilogue.moments == nullptr && !epilogue.maps.defined();
}

// joined_left is a left operand of some rows of k values each, the first of which may be any pixel's in memory.
template <class T>
Panels joined_left(const Convolution &c, const at::Tensor &memory, int64_t rows, int64_t k) {
  const auto &kernel = gemm_kernel<T>(*c.kernels);
  const size_t row = k * sizeof(T);
  const Layout as_it_lies{kPanel * row, kernel.k_step * sizeof(T), row};
  return {(rows + kPanel - 1) / kPanel, kernel.k_steps(k),
          c.batch * row,                as_it_lies,
          memory,                       reinterpret_cast<char *>(data<T>(memory))};
}

// to_coarse_joined is to_coarse with the pixels of one coarse row, and their images, as the rows of one product. Fine
// pixels are laid out by phase, so that those below one tap lie side by side; beside the grid there are zeros, which
// change no sum.
template <class T> at::Tensor to_coarse_joined(const Convolution &c, const at::Tensor &fine, const at::Tensor &weight,
                                               const Epilogue &epilogue) {
  const int64_t pixel = c.batch * c.fine.channels, rows = c.coarse.width * c.batch,
                length = c.coarse.width + (c.kernel_size - 1) / c.stride;
  const Matrices<T> in = matrices<T>(fine);
  const at::Tensor padded = at::empty({c.fine.height * c.stride * length * pixel + kBlock * c.fine.channels}, type_of<T>);
  parallel(Work::pack, c.fine.height, [&](int64_t y) {
    T *out = data<T>(padded) + y * c.stride * length * pixel;
    for (int64_t phase = 0; phase < c.stride; phase++)
      for (int64_t i = 0; i < length; i++, out += pixel) {
        const int64_t x = i * c.stride + phase - c.padding;
        if (x >= 0 && x < c.fine.width)
          std::copy_n(data<T>(in.memory) + (y * c.fine.width + x) * pixel, pixel, out);
        else
          std::fill_n(out, pixel, T());
      }
  });
  Links links(c.coarse.height * c.taps());
  for (int64_t y = 0; y < c.coarse.height; y++, links.close())
    for (int64_t down = 0; down < c.kernel_size; down++) {
      const int64_t above = y * c.stride - c.padding + down;
      if (above < 0 || above >= c.fine.height) continue;
      for (int64_t tap = 0; tap < c.kernel_size; tap++)
        links.all.push_back(
            {(above * c.stride + tap % c.stride) * length + tap / c.stride, down * c.kernel_size + tap});
    }
  const at::Tensor result = image(c.batch, c.coarse, type_of<T>);
  const Panels left = joined_left<T>(c, padded, rows, c.fine.channels);
  const Panels right = as_right_k<T>(c, weight);
  multiply_tiles<T>(*c.kernels, links, one_group(c.coarse.height), left, right, rows, c.coarse.channels, epilogue,
                    data<T>(result));
  return result;
}

template <class T> at::Tensor to_coarse_of(const Convolution &c, const at::Tensor &fine, const at::Tensor &weight,
                                           const Epilogue &epilogue) {
  if (joins_pixels<T>(c, c.fine.channels, epilogue)) return to_coarse_joined<T>(c, fine, weight, epilogue);
  const KernelSet &kernels = *c.kernels;
  const auto all = one_group(c.coarse.pixels());
  const at::Tensor result = image(c.batch, c.coarse, type_of<T>);
  if (unfolds(c) && !epilogue.maps.defined()) {
    const Matrices<T> rows = unfold<T>(c, fine);
    const Panels left = left_operand<T>(kernels, {rows.memory, 1, rows.count * rows.rows, rows.columns});
    const Panels right = as_right_k<T>(c, weight);
    multiply_tiles<T>(kernels, each_itself(1), one_group(1), left, right, rows.count * rows.rows, c.coarse.channels,
                      epilogue, data<T>(result));
    return result;
  }
  if (use_gathered(c)) {
    const Panels left = pack_gathered<T>(c, Side::left, Contiguous::panel, fine);
    const Panels right = as_right_k<T>(c, weight);
    multiply_tiles<T>(kernels, each_itself(c.coarse.pixels()), all, left, right, c.batch, c.coarse.channels, epilogue,
                      data<T>(result));
    return result;
  }
  const Panels left = left_operand(kernels, matrices<T>(fine));
  const Panels right = as_right_k<T>(c, weight);
  multiply_tiles<T>(kernels, coarse_links(c), all, left, right, c.batch, c.coarse.channels, epilogue, data<T>(result));
  return result;
}

// fold adds up what each coarse pixel gave to its fine neighbours: columns [pixels, B, taps * C].
template <class T> void fold(const Convolution &c, const float *columns, const Epilogue &epilogue, T *out) {
  TORCH_CHECK(!epilogue.maps.defined(), "maps are of coarse pixels");
  const int64_t channels = c.fine.channels, width = c.taps() * channels, length = c.fine.width * channels;
  const EpilogueView view(epilogue);
  parallel(Work::fold, c.fine.height, [&](int64_t y) {
    std::vector<float> sums(c.batch * length), row(sums.size()); // [B, W, C] and [W, B, C]
    for (int64_t i = 0; i < c.coarse.height; i++) {
      const int64_t down = y + c.padding - i * c.stride;
      if (down < 0 || down >= c.kernel_size) continue;
      for (int64_t j = 0; j < c.coarse.width; j++) {
        const int64_t x = j * c.stride - c.padding, first = std::max<int64_t>(0, -x),
                      taps = std::min(c.kernel_size, c.fine.width - x) - first;
        const float *column = columns + (i * c.coarse.width + j) * c.batch * width +
                              (down * c.kernel_size + first) * channels;
        for (int64_t b = 0; b < c.batch; b++)
          for (int64_t f = 0; f < taps * channels; f++)
            sums[b * length + (x + first) * channels + f] += column[b * width + f];
      }
    }
    for (int64_t x = 0; x < c.fine.width; x++)
      for (int64_t b = 0; b < c.batch; b++)
        for (int64_t f = 0; f < channels; f++)
          row[(x * c.batch + b) * channels + f] =
              sums[b * length + x * channels + f] * (view.scale != nullptr ? view.scale[f] : 1) +
              (view.bias != nullptr ? view.bias[f] : 0);
    row_kernels<T>(*c.kernels).leaky_relu(row.data(), row.size(), view.slope, out + y * row.size());
  });
}

// first_of_phase is the first fine place of an axis at which (place + padding) % stride is phase.
int64_t first_of_phase(const Convolution &c, int64_t phase) {
  return ((phase - c.padding) % c.stride + c.stride) % c.stride;
}

// to_fine_joined is to_fine with the fine pixels of one row and phase, and their images, as the rows of one product.
// The coarse neighbours of these pixels by one tap lie side by side; beside the grid there are zeros.
template <class T> at::Tensor to_fine_joined(const Convolution &c, const at::Tensor &coarse, const at::Tensor &weight,
                                             const Epilogue &epilogue) {
  const KernelSet &kernels = *c.kernels;
  const int64_t border = (c.kernel_size + c.stride - 1) / c.stride, width = c.coarse.width + 2 * border,
                pixel = c.batch * c.coarse.channels, runs = c.fine.height * c.stride,
                length = (c.fine.width + c.stride - 1) / c.stride, rows = length * c.batch;
  const Matrices<T> in = matrices<T>(coarse);
  const at::Tensor padded = at::empty({c.coarse.height * width * pixel + kBlock * c.coarse.channels}, type_of<T>);
  parallel(Work::pack, c.coarse.height, [&](int64_t y) {
    T *const out = data<T>(padded) + y * width * pixel, *const end = out + width * pixel;
    std::fill_n(out, border * pixel, T());
    std::copy_n(data<T>(in.memory) + y * c.coarse.width * pixel, c.coarse.width * pixel, out + border * pixel);
    std::fill_n(end - border * pixel, border * pixel, T());
  });
  Links links(runs * c.taps());
  Groups groups(c.stride * c.stride);
  for (int64_t y = 0; y < c.fine.height; y++)
    for (int64_t phase = 0; phase < c.stride; phase++) { // of x; the run begins at the fine pixel `first`
      const int64_t above = y + c.padding, first = first_of_phase(c, phase);
      const int64_t last = std::min(c.coarse.height - 1, above / c.stride);
      for (int64_t i = std::max<int64_t>(0, above / c.stride - border + 1); i <= last; i++) {
        const int64_t down = above - i * c.stride;
        if (down >= c.kernel_size || phase >= c.kernel_size) continue;
        for (int64_t tap = phase + (c.kernel_size - 1 - phase) / c.stride * c.stride; tap >= phase; tap -= c.stride)
          links.all.push_back({i * width + border + (first + c.padding - tap) / c.stride, down * c.kernel_size + tap});
      }
      links.close();
      groups[above % c.stride * c.stride + phase].push_back(y * c.stride + phase);
    }
  const Panels left = joined_left<T>(c, padded, rows, c.coarse.channels);
  const Panels right = as_right_n<T>(c, weight);
  const at::Tensor made = at::empty({runs * rows * c.fine.channels}, type_of<T>);
  const at::Tensor result = image(c.batch, c.fine, type_of<T>);
  multiply_tiles<T>(kernels, links, groups, left, right, rows, c.fine.channels, epilogue, data<T>(made));
  const int64_t values = c.batch * c.fine.channels;
  parallel(Work::pack, c.fine.height, [&](int64_t y) {
    for (int64_t x = 0; x < c.fine.width; x++) {
      const int64_t phase = (x + c.padding) % c.stride, at = (x - first_of_phase(c, phase)) / c.stride;
      std::copy_n(data<T>(made) + ((y * c.stride + phase) * length + at) * values, values,
                  data<T>(result) + (y * c.fine.width + x) * values);
    }
  });
  return result;
}

template <class T> at::Tensor to_fine_of(const Convolution &c, const at::Tensor &coarse, const at::Tensor &weight,
                                         const Epilogue &epilogue) {
  if (joins_pixels<T>(c, c.coarse.channels, epilogue)) return to_fine_joined<T>(c, coarse, weight, epilogue);
  const KernelSet &kernels = *c.kernels;
  Matrices<T> in = matrices<T>(coarse);
  if (unfolds(c)) in = {in.memory, 1, in.count * in.rows, in.columns};
  const Panels left = left_operand(kernels, in);
  const at::Tensor result = image(c.batch, c.fine, type_of<T>);
  if (use_gathered(c)) {
    const Panels right = as_right_n<T>(c, weight);
    const int64_t width = c.taps() * c.fine.channels;
    const at::Tensor columns = at::empty({c.coarse.pixels(), c.batch, width}, at::kFloat);
    multiply_tiles<T>(kernels, each_itself(in.count), one_group(in.count), left, right, in.rows, width, {},
                      data<float>(columns));
    fold(c, data<float>(columns), epilogue, data<T>(result));
    if (epilogue.moments != nullptr) *epilogue.moments = moments_of(kernels, result);
    return result;
  }
  const Panels right = as_right_n<T>(c, weight);
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
