// The sums of products that a convolution is.
#pragma once

#include "panels.h"

namespace cgan {

// Rows is Finish by pixel and row. It must not outlive its Finish.
struct Rows {
  const float *scale = nullptr, *bias = nullptr, *maps = nullptr; // [columns], [columns], [pixels, maps, columns]
  const int64_t *index = nullptr;
  int64_t rows = 0, map = 0, pixel_maps = 0; // of index; values of a map, and of a pixel's maps
  float slope;

  explicit Rows(const Finish &f) : slope(static_cast<float>(f.slope)) {
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

// Item is what one thread sums up at a time: two panels of rows, some of columns, for some pixels.
struct Item {
  const int64_t *pixels;
  int64_t count, row, column, columns;
};

// items_of: pixels of one group share taps, whose panels stay in the cache while the group's pixels pass by.
inline std::vector<Item> items_of(const Links &from, const Groups &groups, const Panels &left, const Panels &right) {
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
  return items;
}

// Share is what an item found for the moments of its columns.
struct Share {
  std::vector<float> pivot;
  std::vector<double> distances, squares;

  explicit Share(int64_t columns) : pivot(columns), distances(columns), squares(columns) {}

  // before_storing gives the block its pivot: the first row of its columns.
  template <class R> void before_storing(Block<R> &b, int64_t column, bool first) {
    if (first)
      for (int64_t i = 0; i < b.columns; i++) pivot[column + i] = b.sums[i] + (b.output.bias != nullptr ? b.output.bias[i] : 0);
    b.pivot = &pivot[column];
  }
  template <class R> void behind_storing(Block<R> &b) {
    const int64_t column = b.pivot - pivot.data();
    for (int64_t i = 0; i < kBlock; i++) {
      distances[column + i] += b.distances[i];
      squares[column + i] += b.squares[i];
    }
  }
};

// sum makes matrices [pixels, rows, columns]: for each pixel the sum over its links of left[pixel] * right[tap].
template <class T, class R>
void sum(const Links &from, const Groups &groups, const Panels &left, const Panels &right,
         int64_t rows, int64_t columns, const Finish &finish, R *out) {
  constexpr bool waits = std::is_same_v<R, T>; // a block is stored while the next one is summed up
  const auto &kernel = In<T>::kernel();
  const Rows finish_rows(finish);
  const std::vector<Item> items = items_of(from, groups, left, right);
  std::vector<Share> shares;
  if (finish.moments != nullptr)
    for (const Item &item : items) shares.emplace_back((item.columns + 1) / 2 * kBlock);
  parallel(Work::product, items.size(), [&](int64_t i) {
    const Item &item = items[i];
    const int64_t row = item.row * kPanel;
    Share *const share = shares.empty() ? nullptr : &shares[i];
    std::vector<Segment> segments;
    Block<R> blocks[2];
    std::vector<const float *> row_bias[2] = {std::vector<const float *>(kBlock), std::vector<const float *>(kBlock)};
    int next = 0;
    kernel.begin();
    for (int64_t p = 0; p < item.count; p++) {
      const int64_t pixel = item.pixels[p];
      segments.clear();
      for (const Link &link : from[pixel])
        segments.push_back({left[link.pixel] + item.row * left.layout.panel, right[link.tap] + item.column * right.layout.panel});
      for (int64_t n = item.column; n < item.column + item.columns; n += 2) {
        const int64_t column = n * kPanel;
        Block<R> &b = blocks[next], &before = blocks[1 - next];
        Block<T> *waiting = nullptr;
        if constexpr (waits) waiting = before.rows > 0 ? &before : nullptr;
        kernel.block(segments.data(), segments.size(), left.units, std::min<int64_t>(2, left.panels - item.row),
                     std::min<int64_t>(2, right.panels - n), left.layout, right.layout, b.sums, kBlock, false, waiting);
        if (share != nullptr && before.rows > 0) share->behind_storing(before);
        b.rows = std::min(kBlock, rows - row);
        b.columns = std::min(kBlock, columns - column);
        b.ld = columns;
        b.output = finish_rows.at(pixel, row, column, row_bias[next]);
        b.out = out + (pixel * rows + row) * columns + column;
        if (share != nullptr) share->before_storing(b, column - item.column * kPanel, p == 0);
        if (!waits) In<R>::kernel().store(b);
        next = 1 - next;
        for (Segment &s : segments) s.right += 2 * right.layout.panel;
      }
    }
    Block<R> &last = blocks[1 - next];
    if (waits) In<R>::kernel().store(last);
    if (share != nullptr) share->behind_storing(last);
    kernel.end();
  });
  for (size_t i = 0; i < shares.size(); i++) {
    const Item &item = items[i];
    const int64_t column = item.column * kPanel, n = item.count * std::min(kBlock, rows - item.row * kPanel);
    finish.moments->take(column, std::min(item.columns * kPanel, columns - column), n, shares[i].pivot.data(), shares[i].distances.data(), shares[i].squares.data());
  }
}

} // namespace cgan
