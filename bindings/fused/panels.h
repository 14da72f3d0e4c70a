// Operands of products, packed into panels.
#pragma once

#include "kernels.h"
#include "links.h"
#include "parallel.h"

#include <algorithm>
#include <type_traits>
#include <vector>

namespace cgan {

// What one core's own cache should hold of panels at a time, in bytes. Half of the 2 MB of a server's core.
constexpr size_t kCache = 1 << 20;

// Few channels on the fine grid are gathered with their taps into one operand: a panel's 16 would be mostly padding.
constexpr int64_t kFewChannels = 12;

inline bool few(const Convolution &c) { return c.fine.channels <= kFewChannels; }

// Panels is one operand for every pixel or tap.
struct Panels {
  int64_t panels, units; // of a matrix
  size_t matrix;         // bytes from one to the next
  Layout layout;
  at::Tensor memory;     // that begin points into
  char *begin;
  char *operator[](int64_t i) const { return begin + i * matrix; }
};

// packed is room for count matrices. The same panel of all lies together: the next product needs those.
template <class T> Panels packed(int64_t panels, int64_t k, int64_t count) {
  const auto &kernel = In<T>::kernel();
  const size_t panel = kernel.panel_bytes(k);
  at::Tensor memory = at::empty({static_cast<int64_t>(panel) * count * panels}, at::kByte);
  return {panels, kernel.units(k), panel, {panel * count, kernel.unit_bytes, kernel.row_bytes}, memory, static_cast<char *>(memory.data_ptr())};
}

template <class T> constexpr at::ScalarType type_of = at::kFloat;
template <> constexpr at::ScalarType type_of<BFloat> = at::kBFloat16;

// pack packs count matrices of S to be multiplied as T; fill(i, line) gives the lines of one, as many as line is long,
// each of length values.
template <class T, class S = T, class Fill>
Panels pack(Side side, Along along, int64_t count, int64_t lines, int64_t length, Fill fill) {
  const auto &kernel = In<T>::kernel();
  const bool panelwise = along == Along::panel;
  Panels p = packed<T>(((panelwise ? length : lines) + kPanel - 1) / kPanel, panelwise ? lines : length, count);
  parallel(Work::pack, count, [&](int64_t i) {
    std::vector<const S *> line(lines);
    fill(i, line);
    const Lines<S> all{line.data(), lines, length};
    if constexpr (std::is_same_v<S, T>)
      kernel.pack(side, along, all, p[i], p.layout.panel);
    else
      kernel.pack_f32(side, along, all, p[i], p.layout.panel);
  });
  return p;
}

// Matrices are [count, rows, columns], each value behind the other.
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
template <class T, class S> Panels pack_matrices(Side side, Along along, const Matrices<S> &m) {
  const S *const begin = data<S>(m.memory);
  return pack<T, S>(side, along, m.count, m.rows, m.columns, [&](int64_t i, std::vector<const S *> &line) {
    for (int64_t r = 0; r < m.rows; r++) line[r] = begin + (i * m.rows + r) * m.columns;
  });
}

// left_lines is m as left operand along K: where it lies if the kernel reads it there, else packed.
template <class T> Panels left_lines(const Matrices<T> &m) {
  const auto &kernel = In<T>::kernel();
  if (!kernel.unpacked || m.rows % kPanel != 0 || m.columns % kernel.unit != 0) return pack_matrices<T>(Side::left, Along::k, m);
  const size_t row = m.columns * sizeof(T);
  return {m.rows / kPanel, m.columns / kernel.unit, m.rows * row, {kPanel * row, kernel.unit * sizeof(T), row}, m.memory, reinterpret_cast<char *>(data<T>(m.memory))};
}

// pack_gathered packs for every coarse pixel its fine neighbours: a line for each tap and channel, along the batch.
template <class T> Panels pack_gathered(const Convolution &c, Side side, Along along, const at::Tensor &fine) {
  const at::Tensor lines = fine.permute({2, 3, 1, 0}).to(type_of<T>).contiguous(); // [H, W, C, B]
  const T *const begin = data<T>(lines);
  const Links from = coarse_links(c);
  return pack<T>(side, along, c.coarse.pixels(), c.taps() * c.fine.channels, c.batch, [&](int64_t i, std::vector<const T *> &line) {
    std::fill(line.begin(), line.end(), nullptr);
    for (const Link &link : from[i])
      for (int64_t f = 0; f < c.fine.channels; f++)
        line[link.tap * c.fine.channels + f] = begin + (link.pixel * c.fine.channels + f) * c.batch;
  });
}

// gathered_weight is the weight as one matrix [coarse, taps * fine].
inline Matrices<float> gathered_weight(const Convolution &c, const at::Tensor &weight) {
  return {weight.permute({0, 2, 3, 1}).contiguous(), 1, c.coarse.channels, c.taps() * c.fine.channels};
}

} // namespace cgan
