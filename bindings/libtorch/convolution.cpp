#include "convolution.h"
#include "kernels.h"
#include "parallel.h"
#include "scratch.h"

#include <algorithm>
#include <array>
#include <vector>

namespace cgan {
namespace {

// What one core's own cache should hold of panels at a time, in bytes. Half of the 2 MB of a server's core.
constexpr size_t kCache = 1 << 20;

// Few channels on the fine grid are gathered with their taps into one operand: a panel's 16 would be mostly padding.
constexpr int64_t kFewChannels = 12;

bool few(const Convolution &c) { return c.fine.channels <= kFewChannels; }

// Link is a pixel of the other grid and the tap between.
struct Link {
  int64_t pixel, tap;
};

// Links are those of every pixel, one pixel's behind the other's.
struct Links {
  explicit Links(size_t most) { all.reserve(most); }
  std::vector<Link> all;
  std::vector<size_t> begin{0}; // and the end of all
  void close() { begin.push_back(all.size()); }
  at::ArrayRef<Link> operator[](int64_t pixel) const { return {all.data() + begin[pixel], begin[pixel + 1] - begin[pixel]}; }
  int64_t pixels() const { return begin.size() - 1; }
};

// coarse_links gives each coarse pixel its fine neighbours.
Links coarse_links(const Convolution &c) {
  Links links(c.coarse.pixels() * c.taps());
  for (int64_t pixel = 0; pixel < c.coarse.pixels(); pixel++, links.close())
    for (int64_t tap = 0; tap < c.taps(); tap++) {
      const int64_t y = pixel / c.coarse.width * c.stride - c.padding + tap / c.kernel;
      const int64_t x = pixel % c.coarse.width * c.stride - c.padding + tap % c.kernel;
      if (y >= 0 && y < c.fine.height && x >= 0 && x < c.fine.width) links.all.push_back({y * c.fine.width + x, tap});
    }
  return links;
}

// fine_links gives each fine pixel its coarse neighbours.
Links fine_links(const Convolution &c) {
  Links links(c.coarse.pixels() * c.taps());
  for (int64_t pixel = 0; pixel < c.fine.pixels(); pixel++, links.close())
    for (int64_t tap = 0; tap < c.taps(); tap++) {
      const int64_t y = pixel / c.fine.width + c.padding - tap / c.kernel, x = pixel % c.fine.width + c.padding - tap % c.kernel;
      if (y < 0 || x < 0 || y % c.stride != 0 || x % c.stride != 0) continue;
      if (y / c.stride < c.coarse.height && x / c.stride < c.coarse.width) links.all.push_back({y / c.stride * c.coarse.width + x / c.stride, tap});
    }
  return links;
}

// phases groups the fine pixels by the taps that can reach them.
std::vector<std::vector<int64_t>> phases(const Convolution &c) {
  std::vector<std::vector<int64_t>> groups(c.stride * c.stride);
  for (int64_t pixel = 0; pixel < c.fine.pixels(); pixel++) {
    const int64_t y = pixel / c.fine.width + c.padding, x = pixel % c.fine.width + c.padding;
    groups[y % c.stride * c.stride + x % c.stride].push_back(pixel);
  }
  return groups;
}

// Panels is one packed operand for every pixel or tap. The same panel of all lies together: matrices of a power of two
// of bytes would put it into the same few lines of a cache each time.
struct Panels {
  int64_t panels; // of a matrix
  size_t panel;   // bytes
  size_t stride;  // bytes from one panel of a matrix to the next
  Scratch memory;
  char *begin;
  Panels(int64_t panels, size_t panel, int64_t count) : panels(panels), panel(panel), stride(panel * count), memory(stride * panels), begin(memory.data()) {}
  char *operator[](int64_t i) const { return begin + i * panel; }
};

template <class T> constexpr at::ScalarType type_of = at::kFloat;
template <> constexpr at::ScalarType type_of<BFloat> = at::kBFloat16;

template <class T> T *data(const at::Tensor &t) { return static_cast<T *>(t.data_ptr()); }

// pack packs count matrices of S to be multiplied as T; fill(i, line) gives the lines of one, as many as line is long,
// each of length values.
template <class T, class S = T, class Fill>
Panels pack(Side side, Along along, int64_t count, int64_t lines, int64_t length, Fill fill) {
  const auto &kernel = In<T>::kernel();
  const bool panelwise = along == Along::panel;
  Panels p(((panelwise ? length : lines) + kPanel - 1) / kPanel, kernel.panel_bytes(panelwise ? lines : length), count);
  parallel(count, [&](int64_t i) {
    std::vector<const S *> line(lines);
    fill(i, line);
    const Lines<S> all{line.data(), lines, length};
    if constexpr (std::is_same_v<S, T>)
      kernel.pack(side, along, all, p[i], p.stride);
    else
      kernel.pack_f32(side, along, all, p[i], p.stride);
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

// image is a new [B, C, H, W], pixelwise.
at::Tensor image(int64_t batch, const Grid &g, at::ScalarType type) {
  const int64_t pixel = batch * g.channels;
  return at::empty_strided({batch, g.channels, g.height, g.width}, {g.channels, 1, g.width * pixel, pixel}, type);
}

// Rows is Finish by pixel and row. It must not outlive its Finish.
struct Rows {
  const float *scale = nullptr, *bias = nullptr, *maps = nullptr; // [columns], [columns], [pixels, maps, columns]
  const int64_t *index = nullptr;
  int64_t rows = 0, map = 0, pixel_maps = 0; // of index; values of a map, and of a pixel's maps
  float slope;

  Rows(const Finish &f) : slope(static_cast<float>(f.slope)) {
    if (f.scale.defined()) scale = data<float>(f.scale);
    if (f.bias.defined()) bias = data<float>(f.bias);
    if (!f.maps.defined()) return;
    maps = data<float>(f.maps);
    index = data<int64_t>(f.index);
    rows = f.index.size(0);
    map = f.maps.size(2);
    pixel_maps = f.maps.size(1) * map;
  }

  Output at(int64_t pixel, int64_t row, int64_t column, std::vector<const float *> &row_bias) const {
    Output out;
    out.slope = slope;
    if (scale != nullptr) out.scale = scale + column;
    if (bias != nullptr) out.bias = bias + column;
    if (maps != nullptr) {
      for (int64_t r = row; r < std::min<int64_t>(rows, row + row_bias.size()); r++)
        row_bias[r - row] = maps + pixel * pixel_maps + index[r] * map + column;
      out.row_bias = row_bias.data();
    }
    return out;
  }
};

// sum makes matrices [pixels, rows, columns]: for each pixel the sum over its links of left[pixel] * right[tap]. Pixels of
// one group share taps, whose panels stay in the cache while the group's pixels pass by.
template <class T, class R>
void sum(const Links &from, const std::vector<std::vector<int64_t>> &groups, const Panels &left, const Panels &right,
         int64_t rows, int64_t columns, const Finish &finish, R *out) {
  const auto &kernel = In<T>::kernel();
  const Rows finish_rows(finish);
  struct Item {
    const int64_t *pixels;
    int64_t count, row, column, columns;
  };
  std::vector<Item> items;
  for (const auto &group : groups) {
    int64_t taps = 1;
    for (int64_t pixel : group) taps = std::max<int64_t>(taps, from[pixel].size());
    const int64_t strip = std::max<int64_t>(2, kCache / (taps * right.panel) / 2 * 2), run = 64;
    for (int64_t n = 0; n < right.panels; n += strip)
      for (int64_t m = 0; m < left.panels; m += 2)
        for (size_t p = 0; p < group.size(); p += run)
          items.push_back({&group[p], std::min<int64_t>(run, group.size() - p), m, n, std::min(strip, right.panels - n)});
  }
  const int64_t units = left.panel / kernel.unit_bytes;
  parallel(items.size(), [&](int64_t i) {
    const Item &item = items[i];
    alignas(64) float block[kBlock * kBlock];
    std::vector<Segment> segments;
    std::vector<const float *> row_bias(kBlock);
    kernel.begin();
    for (int64_t p = 0; p < item.count; p++)
      for (int64_t n = item.column; n < item.column + item.columns; n += 2) {
        const int64_t pixel = item.pixels[p], row = item.row * kPanel, column = n * kPanel;
        segments.clear();
        for (const Link &link : from[pixel])
          segments.push_back({left[link.pixel] + item.row * left.stride, right[link.tap] + n * right.stride});
        kernel.block(segments.data(), segments.size(), units, std::min<int64_t>(2, left.panels - item.row),
                     std::min<int64_t>(2, right.panels - n), left.stride, right.stride, block, kBlock, false);
        In<R>::kernel().store(block, kBlock, std::min(kBlock, rows - row), std::min(kBlock, columns - column),
                              finish_rows.at(pixel, row, column, row_bias), out + (pixel * rows + row) * columns + column, columns);
      }
    kernel.end();
  });
}

std::vector<std::vector<int64_t>> one_group(int64_t pixels) {
  std::vector<std::vector<int64_t>> groups(1);
  for (int64_t p = 0; p < pixels; p++) groups[0].push_back(p);
  return groups;
}

Links each_itself(int64_t pixels) {
  Links links(pixels);
  for (int64_t p = 0; p < pixels; p++, links.close()) links.all.push_back({p, 0});
  return links;
}

// gathered_weight is the weight as one matrix [coarse, taps * fine].
Matrices<float> gathered_weight(const Convolution &c, const at::Tensor &weight) {
  return {weight.permute({0, 2, 3, 1}).contiguous(), 1, c.coarse.channels, c.taps() * c.fine.channels};
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
  const Panels left = pack_matrices<T>(Side::left, Along::k, matrices<T>(fine));
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
  parallel(c.fine.pixels(), [&](int64_t pixel) {
    std::vector<float> total(count + kPanel);
    for (const Link &link : from[pixel]) {
      const float *column = columns + link.pixel * c.batch * width + link.tap * channels;
      for (int64_t b = 0; b < c.batch; b++)
        for (int64_t f = 0; f < channels; f++) total[b * channels + f] += column[b * width + f];
    }
    for (int64_t i = 0; i < count; i++) {
      if (rows.scale != nullptr) total[i] *= rows.scale[i % channels];
      if (rows.bias != nullptr) total[i] += rows.bias[i % channels];
    }
    Output output;
    output.slope = rows.slope;
    In<T>::kernel().store(total.data(), 0, 1, count, output, out + pixel * count, 0);
  });
}

template <class T> at::Tensor to_fine_of(const Convolution &c, const at::Tensor &coarse, const at::Tensor &weight, const Finish &finish) {
  const Panels left = pack_matrices<T>(Side::left, Along::k, matrices<T>(coarse));
  const at::Tensor result = image(c.batch, c.fine, type_of<T>);
  if (few(c)) {
    const Panels right = pack_matrices<T>(Side::right, Along::panel, gathered_weight(c, weight));
    const int64_t width = c.taps() * c.fine.channels;
    const at::Tensor columns = at::empty({c.coarse.pixels(), c.batch, width}, at::kFloat);
    sum<T>(each_itself(c.coarse.pixels()), one_group(c.coarse.pixels()), left, right, c.batch, width, {}, data<float>(columns));
    fold(c, data<float>(columns), finish, data<T>(result));
    return result;
  }
  const Panels right = pack_matrices<T>(Side::right, Along::panel, matrices<float>(weight));
  sum<T>(fine_links(c), phases(c), left, right, c.batch, c.fine.channels, finish, data<T>(result));
  return result;
}

// Strip is the part of the gradients of a group's taps that one thread makes.
struct Strip {
  const std::vector<int64_t> *group;
  int64_t left, lefts, right, rights; // panels
};

// strips cuts a group's gradients so that those of all its taps fit into half of the cache, and the threads find enough.
void strips(const std::vector<int64_t> &group, const Links &from, int64_t lefts, int64_t rights, std::vector<Strip> &all) {
  size_t taps = 1;
  for (int64_t pixel : group) taps = std::max(taps, from[pixel].size());
  int64_t m = lefts, n = rights;
  while ((taps * m * n * kPanel * kPanel * sizeof(float) > kCache / 2 || (lefts / m) * (rights / n) < 4) && std::max(m, n) > 2)
    (m >= n ? m : n) = ((m >= n ? m : n) / 2 + 1) / 2 * 2;
  for (int64_t i = 0; i < lefts; i += m)
    for (int64_t j = 0; j < rights; j += n) all.push_back({&group, i, std::min(m, lefts - i), j, std::min(n, rights - j)});
}

// correlate is [taps, left rows, right columns], padded to panels: for each tap the sum over all links
// of left[link.pixel] * right[pixel], where K is the batch.
template <class T>
at::Tensor correlate(const Links &from, const std::vector<std::vector<int64_t>> &groups, const Panels &left, const Panels &right, int64_t taps) {
  const auto &kernel = In<T>::kernel();
  const int64_t rows = left.panels * kPanel, columns = right.panels * kPanel;
  const at::Tensor result = at::zeros({taps, rows, columns}, at::kFloat);
  float *const out = data<float>(result);
  std::vector<Strip> items;
  for (const auto &group : groups) strips(group, from, left.panels, right.panels, items);
  const int64_t units = left.panel / kernel.unit_bytes, most = std::max<int64_t>(1, 128 / kernel.unit);
  parallel(items.size(), [&](int64_t i) {
    const Strip &s = items[i];
    size_t links = 1;
    for (int64_t pixel : *s.group) links = std::max(links, from[pixel].size());
    const size_t run = std::max<size_t>(1, kCache / 2 / ((s.lefts * links + s.rights) * std::min(units, most) * kernel.unit_bytes));
    std::vector<std::vector<Segment>> segments(taps);
    std::vector<Segment> here;
    kernel.begin();
    for (int64_t u = 0; u < units; u += most)
      for (size_t p = 0; p < s.group->size(); p += run) {
        for (auto &list : segments) list.clear();
        for (size_t q = p; q < std::min(p + run, s.group->size()); q++)
          for (const Link &link : from[(*s.group)[q]])
            segments[link.tap].push_back({left[link.pixel] + u * kernel.unit_bytes, right[(*s.group)[q]] + u * kernel.unit_bytes});
        for (int64_t tap = 0; tap < taps; tap++)
          for (int64_t m = s.left; m < s.left + s.lefts && !segments[tap].empty(); m += 2)
            for (int64_t n = s.right; n < s.right + s.rights; n += 2) {
              here.clear();
              for (const Segment &g : segments[tap]) here.push_back({g.left + m * left.stride, g.right + n * right.stride});
              kernel.block(here.data(), here.size(), std::min(most, units - u), std::min<int64_t>(2, s.left + s.lefts - m),
                           std::min<int64_t>(2, s.right + s.rights - n), left.stride, right.stride,
                           out + (tap * rows + m * kPanel) * columns + n * kPanel, columns, true);
            }
      }
    kernel.end();
  });
  return result;
}

template <class T> at::Tensor weight_grad_of(const Convolution &c, const at::Tensor &coarse, const at::Tensor &fine) {
  const Panels left = pack_matrices<T>(Side::left, Along::panel, matrices<T>(coarse));
  const int64_t k = c.kernel, channels = c.fine.channels;
  const std::array<int64_t, 4> sizes{c.coarse.channels, channels, k, k};
  if (few(c)) {
    const Panels right = pack_gathered<T>(c, Side::right, Along::k, fine);
    const at::Tensor grad = correlate<T>(each_itself(c.coarse.pixels()), one_group(c.coarse.pixels()), left, right, 1);
    return grad.as_strided(sizes, {grad.size(2), 1, k * channels, channels});
  }
  const Panels right = pack_matrices<T>(Side::right, Along::panel, matrices<T>(fine));
  const at::Tensor grad = correlate<T>(fine_links(c), phases(c), left, right, c.taps());
  return grad.as_strided(sizes, {grad.size(2), 1, k * grad.stride(0), grad.stride(0)});
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

at::Tensor weight_grad(const Convolution &c, const at::Tensor &coarse, const at::Tensor &fine) {
  return fine.scalar_type() == at::kBFloat16 ? weight_grad_of<BFloat>(c, coarse, fine) : weight_grad_of<float>(c, coarse, fine);
}

} // namespace cgan
