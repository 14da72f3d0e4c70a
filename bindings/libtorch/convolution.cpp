#include "convolution.h"
#include "kernels.h"
#include "parallel.h"

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

// along_axis gives each place of an axis of one grid its neighbours on the other, and the taps between.
std::vector<std::vector<Link>> along_axis(const Convolution &c, int64_t coarse, int64_t fine, bool of_coarse) {
  std::vector<std::vector<Link>> neighbours(of_coarse ? coarse : fine);
  for (int64_t i = 0; i < coarse; i++)
    for (int64_t tap = 0; tap < c.kernel; tap++) {
      const int64_t j = i * c.stride - c.padding + tap;
      if (j >= 0 && j < fine) neighbours[of_coarse ? i : j].push_back({of_coarse ? j : i, tap});
    }
  return neighbours;
}

Links links_of(const Convolution &c, bool of_coarse) {
  Links links(c.coarse.pixels() * c.taps());
  const auto rows = along_axis(c, c.coarse.height, c.fine.height, of_coarse), columns = along_axis(c, c.coarse.width, c.fine.width, of_coarse);
  const int64_t width = of_coarse ? c.fine.width : c.coarse.width;
  for (const auto &row : rows)
    for (const auto &column : columns) {
      for (const Link &y : row)
        for (const Link &x : column) links.all.push_back({y.pixel * width + x.pixel, y.tap * c.kernel + x.tap});
      links.close();
    }
  return links;
}

// coarse_links gives each coarse pixel its fine neighbours, fine_links each fine one its coarse ones.
Links coarse_links(const Convolution &c) { return links_of(c, true); }
Links fine_links(const Convolution &c) { return links_of(c, false); }

// phases groups the fine pixels by the taps that can reach them.
std::vector<std::vector<int64_t>> phases(const Convolution &c) {
  std::vector<std::vector<int64_t>> groups(c.stride * c.stride);
  for (int64_t pixel = 0; pixel < c.fine.pixels(); pixel++) {
    const int64_t y = pixel / c.fine.width + c.padding, x = pixel % c.fine.width + c.padding;
    groups[y % c.stride * c.stride + x % c.stride].push_back(pixel);
  }
  return groups;
}

// Panels is one operand for every pixel or tap.
struct Panels {
  int64_t panels, units; // of a matrix
  size_t matrix;         // bytes from one to the next
  Layout layout;
  at::Tensor memory;     // of packed ones
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

template <class T> T *data(const at::Tensor &t) { return static_cast<T *>(t.data_ptr()); }

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
  return {m.rows / kPanel, m.columns / kernel.unit, m.rows * row, {kPanel * row, kernel.unit * sizeof(T), row}, {}, reinterpret_cast<char *>(data<T>(m.memory))};
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
    const int64_t strip = std::max<int64_t>(2, kCache / (taps * right.matrix) / 2 * 2), run = 64;
    for (int64_t n = 0; n < right.panels; n += strip)
      for (int64_t m = 0; m < left.panels; m += 2)
        for (size_t p = 0; p < group.size(); p += run)
          items.push_back({&group[p], std::min<int64_t>(run, group.size() - p), m, n, std::min(strip, right.panels - n)});
  }
  parallel(Work::product, items.size(), [&](int64_t i) {
    const Item &item = items[i];
    alignas(64) float block[kBlock * kBlock];
    std::vector<Segment> segments;
    std::vector<const float *> row_bias(kBlock);
    kernel.begin();
    for (int64_t p = 0; p < item.count; p++) {
      const int64_t pixel = item.pixels[p], row = item.row * kPanel;
      segments.clear();
      for (const Link &link : from[pixel])
        segments.push_back({left[link.pixel] + item.row * left.layout.panel, right[link.tap] + item.column * right.layout.panel});
      for (int64_t n = item.column; n < item.column + item.columns; n += 2) {
        const int64_t column = n * kPanel;
        kernel.block(segments.data(), segments.size(), left.units, std::min<int64_t>(2, left.panels - item.row),
                     std::min<int64_t>(2, right.panels - n), left.layout, right.layout, block, kBlock, false);
        In<R>::kernel().store(block, kBlock, std::min(kBlock, rows - row), std::min(kBlock, columns - column),
                              finish_rows.at(pixel, row, column, row_bias), out + (pixel * rows + row) * columns + column, columns);
        for (Segment &s : segments) s.right += 2 * right.layout.panel;
      }
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
  const Matrices<T> lines = matrices<T>(fine);
  const Panels left = left_lines(lines);
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
  const Matrices<T> lines = matrices<T>(coarse);
  const Panels left = left_lines(lines);
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

// strips cuts a group's gradients so that those of all its taps fit into half of the cache, and each group makes least of them.
void strips(const std::vector<int64_t> &group, const Links &from, int64_t lefts, int64_t rights, int64_t least, std::vector<Strip> &all) {
  size_t taps = 1;
  for (int64_t pixel : group) taps = std::max(taps, from[pixel].size());
  int64_t m = lefts, n = rights;
  while ((taps * m * n * kPanel * kPanel * sizeof(float) > kCache / 2 || (lefts / m) * (rights / n) < least) && std::max(m, n) > 2)
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
  const at::Tensor result = at::empty({taps, rows, columns}, at::kFloat);
  std::vector<bool> linked(taps);
  for (const Link &link : from.all) linked[link.tap] = true;
  for (int64_t tap = 0; tap < taps; tap++)
    if (!linked[tap]) result[tap].zero_();
  float *const out = data<float>(result);
  std::vector<Strip> items;
  for (const auto &group : groups) strips(group, from, left.panels, right.panels, 8 / groups.size(), items); // threads find enough
  const int64_t most = std::max<int64_t>(1, 128 / kernel.unit);
  parallel(Work::product, items.size(), [&](int64_t i) {
    const Strip &s = items[i];
    size_t links = 1;
    for (int64_t pixel : *s.group) links = std::max(links, from[pixel].size());
    const size_t run = std::max<size_t>(1, kCache / ((s.lefts * links + s.rights) * std::min(left.units, most) * kernel.unit_bytes));
    std::vector<std::vector<Segment>> segments(taps);
    std::vector<Segment> here;
    std::vector<bool> begun(taps);
    kernel.begin();
    for (int64_t u = 0; u < left.units; u += most)
      for (size_t p = 0; p < s.group->size(); p += run) {
        for (auto &list : segments) list.clear();
        for (size_t q = p; q < std::min(p + run, s.group->size()); q++)
          for (const Link &link : from[(*s.group)[q]])
            segments[link.tap].push_back({left[link.pixel] + u * kernel.unit_bytes, right[(*s.group)[q]] + u * kernel.unit_bytes});
        for (int64_t tap = 0; tap < taps; tap++) {
          if (segments[tap].empty()) continue;
          for (int64_t m = s.left; m < s.left + s.lefts; m += 2)
            for (int64_t n = s.right; n < s.right + s.rights; n += 2) {
              here.clear();
              for (const Segment &g : segments[tap]) here.push_back({g.left + m * left.layout.panel, g.right + n * right.layout.panel});
              kernel.block(here.data(), here.size(), std::min(most, left.units - u), std::min<int64_t>(2, s.left + s.lefts - m),
                           std::min<int64_t>(2, s.right + s.rights - n), left.layout, right.layout,
                           out + (tap * rows + m * kPanel) * columns + n * kPanel, columns, begun[tap]);
            }
          begun[tap] = true;
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

at::Tensor inside(const Convolution &c) {
  at::Tensor result = at::zeros({c.coarse.pixels(), c.taps()}, at::kFloat);
  const Links links = coarse_links(c);
  for (int64_t pixel = 0; pixel < links.pixels(); pixel++)
    for (const Link &link : links[pixel]) data<float>(result)[pixel * c.taps() + link.tap] = 1;
  return result;
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
