// Operands of products, packed into panels: kernels.h has a drawing of them.
#pragma once

#include "convolution.h"
#include "geometry.h"
#include "parallel.h"

#include <algorithm>
#include <type_traits>
#include <vector>

namespace cgan {

// What one core's own cache should hold of panels at a time, in bytes. Half of the 2 MB of a server's core.
constexpr size_t kCache = 1 << 20;

// Few channels on the fine grid are gathered with their taps into one operand: a panel's 16 would be mostly padding.
constexpr int64_t kFewChannels = 12;

inline bool use_gathered(const Convolution &c) { return c.fine.channels <= kFewChannels; }

// Panels is one operand for every pixel or tap.
struct Panels {
  int64_t panels, k_steps; // of a matrix
  size_t matrix;           // bytes from one to the next
  Layout layout;
  at::Tensor memory; // that begin points into
  char *begin;
  char *operator[](int64_t i) const { return begin + i * matrix; }
};

// packed is room for count matrices, panel-major: panel 0 of all of them is adjacent, then panel 1 and so on, because
// one pass of products uses the same panel of many pixels.
template <class T> Panels packed(const GemmKernel<T> &kernel, int64_t panels, int64_t k, int64_t count) {
  const size_t panel = kernel.panel_bytes(k);
  at::Tensor memory = at::empty({static_cast<int64_t>(panel) * count * panels}, at::kByte);
  return {panels, kernel.k_steps(k),
          panel,  {panel * count, kernel.step_bytes, kernel.row_bytes},
          memory, static_cast<char *>(memory.data_ptr())};
}

template <class T> constexpr at::ScalarType type_of = at::kFloat;
template <> constexpr at::ScalarType type_of<BFloat> = at::kBFloat16;

// pack packs count matrices of S to be multiplied as T. pointers(i, row) gives where the rows of matrix i begin, as many as
// row is long, each of length values.
template <class T, class S = T, class Pointers> Panels pack(const KernelSet &kernels, Side side, Contiguous contiguous,
                                                            int64_t count, int64_t rows, int64_t length,
                                                            Pointers pointers) {
  const auto &kernel = gemm_kernel<T>(kernels);
  const bool panelwise = contiguous == Contiguous::panel;
  Panels p = packed<T>(kernel, ((panelwise ? length : rows) + kPanel - 1) / kPanel, panelwise ? rows : length, count);
  parallel(Work::pack, count, [&](int64_t i) {
    std::vector<const S *> row(rows);
    pointers(i, row);
    const RowPointers<S> all{row.data(), rows, length};
    if constexpr (std::is_same_v<S, T>)
      kernel.pack(side, contiguous, all, p[i], p.layout.panel);
    else
      kernel.pack_f32(side, contiguous, all, p[i], p.layout.panel);
  });
  return p;
}

// Matrices are [count, rows, columns], all values adjacent.
template <class T> struct Matrices {
  at::Tensor memory;
  int64_t count, rows, columns;
};

// matrices is t [A, B, H, W] as [H * W, A, B].
template <class T> Matrices<T> matrices(const at::Tensor &t) {
  const at::Tensor p = pixelwise(t);
  return {p.scalar_type() == type_of<T> ? p : p.to(type_of<T>), t.size(2) * t.size(3), t.size(0), t.size(1)};
}

// pack_matrices packs matrices of S.
template <class T, class S>
Panels pack_matrices(const KernelSet &kernels, Side side, Contiguous contiguous, const Matrices<S> &m) {
  const S *const begin = data<S>(m.memory);
  return pack<T, S>(kernels, side, contiguous, m.count, m.rows, m.columns, [&](int64_t i, std::vector<const S *> &row) {
    for (int64_t r = 0; r < m.rows; r++) row[r] = begin + (i * m.rows + r) * m.columns;
  });
}

// left_operand is m to be multiplied from the left, K along its rows: where it lies if the kernel reads it there, else packed.
template <class T> Panels left_operand(const KernelSet &kernels, const Matrices<T> &m) {
  const auto &kernel = gemm_kernel<T>(kernels);
  if (!kernel.unpacked || m.rows % kPanel != 0 || m.columns % kernel.k_step != 0)
    return pack_matrices<T>(kernels, Side::left, Contiguous::k, m);
  const size_t row = m.columns * sizeof(T);
  const Layout as_it_lies{kPanel * row, kernel.k_step * sizeof(T), row};
  return {m.rows / kPanel, m.columns / kernel.k_step,
          m.rows * row,    as_it_lies,
          m.memory,        reinterpret_cast<char *>(data<T>(m.memory))};
}

// A product of so few rows uses each value of its right operand so seldom that packing it takes longer than it saves.
constexpr int64_t kFewRows = kPanel;

// right_operand is a float32 m to be multiplied from the right by matrices of some rows, N along its rows.
template <class T> Panels right_operand(const KernelSet &kernels, int64_t rows, const Matrices<float> &m) {
  const auto &kernel = gemm_kernel<T>(kernels);
  if (!std::is_same_v<T, float> || !kernel.unpacked_right || rows > kFewRows || m.columns % kPanel != 0 ||
      m.rows % kernel.k_step != 0)
    return pack_matrices<T>(kernels, Side::right, Contiguous::panel, m);
  const size_t row = m.columns * sizeof(float);
  const Layout as_it_lies{kPanel * sizeof(float), kernel.k_step * row, row};
  return {m.columns / kPanel, m.rows / kernel.k_step,
          m.rows * row,       as_it_lies,
          m.memory,           reinterpret_cast<char *>(data<float>(m.memory))};
}

// pack_gathered packs for every coarse pixel its fine neighbours: a row for each tap and channel, along the batch.
template <class T>
Panels pack_gathered(const Convolution &c, Side side, Contiguous contiguous, const at::Tensor &fine) {
  const at::Tensor rows = fine.permute({2, 3, 1, 0}).to(type_of<T>).contiguous(); // [H, W, C, B]
  const T *const begin = data<T>(rows);
  const Links from = coarse_links(c);
  return pack<T>(*c.kernels, side, contiguous, c.coarse.pixels(), c.taps() * c.fine.channels, c.batch,
                 [&](int64_t i, std::vector<const T *> &row) {
                   std::fill(row.begin(), row.end(), nullptr);
                   for (const Link &link : from[i])
                     for (int64_t f = 0; f < c.fine.channels; f++)
                       row[link.tap * c.fine.channels + f] = begin + (link.pixel * c.fine.channels + f) * c.batch;
                 });
}

// unfolds says that all pixels and images are rows of one product: a panel of one pixel would be half empty.
inline bool unfolds(const Convolution &c) { return use_gathered(c) && c.batch < kPanel; }

// by_row is m [pixels, B, C] as [height, B, width, C].
template <class T> at::Tensor by_row(const Matrices<T> &m, const Grid &g) {
  if (m.rows == 1) return m.memory;
  const at::Tensor result = at::empty({m.count * m.rows * m.columns}, type_of<T>);
  const int64_t pixel = m.rows * m.columns;
  parallel(Work::pack, g.height, [&](int64_t y) {
    const T *const row = data<T>(m.memory) + y * g.width * pixel;
    T *out = data<T>(result) + y * g.width * pixel;
    for (int64_t b = 0; b < m.rows; b++)
      for (int64_t x = 0; x < g.width; x++)
        for (int64_t c = 0; c < m.columns; c++) *out++ = row[x * pixel + b * m.columns + c];
  });
  return result;
}

// unfold is [rows of the coarse grid, width * B, taps * C], as torch.nn.Unfold: beside each other what lies below a pixel's taps, zeros
// for padding.
template <class T> Matrices<T> unfold(const Convolution &c, const at::Tensor &fine) {
  const int64_t channels = c.fine.channels, length = c.fine.width * channels, run = c.kernel_size * channels,
                step = gemm_kernel<T>(*c.kernels).k_step, columns = (c.taps() * channels + step - 1) / step * step;
  const at::Tensor rows = by_row(matrices<T>(fine), c.fine);
  const at::Tensor memory = at::empty({c.coarse.pixels() * c.batch * columns}, type_of<T>);
  parallel(Work::pack, c.coarse.height, [&](int64_t y) {
    T *out = data<T>(memory) + y * c.coarse.width * c.batch * columns;
    for (int64_t x = 0; x < c.coarse.width; x++)
      for (int64_t b = 0; b < c.batch; b++, out += columns) {
        const int64_t at = (x * c.stride - c.padding) * channels, begin = std::clamp<int64_t>(-at, 0, run),
                      end = std::clamp(length - at, begin, run);
        for (int64_t down = 0; down < c.kernel_size; down++) {
          const int64_t above = y * c.stride - c.padding + down;
          T *const to = out + down * run;
          if (above < 0 || above >= c.fine.height) {
            std::fill_n(to, run, T());
            continue;
          }
          std::fill_n(to, begin, T());
          std::copy_n(data<T>(rows) + (above * c.batch + b) * length + at + begin, end - begin, to + begin);
          std::fill_n(to + end, run - end, T());
        }
        std::fill_n(out + c.taps() * channels, columns - c.taps() * channels, T());
      }
  });
  return {memory, c.coarse.height, c.coarse.width * c.batch, columns};
}

// gathered_weight is the weight as one matrix [coarse, taps * fine].
inline Matrices<float> gathered_weight(const Convolution &c, const at::Tensor &weight) {
  return {weight.permute({0, 2, 3, 1}).contiguous(), 1, c.coarse.channels, c.taps() * c.fine.channels};
}

} // namespace cgan
