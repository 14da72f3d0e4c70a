// The sums of products that a convolution is, block by block.
#pragma once

#include "panels.h"

namespace cgan {

// EpilogueView is an Epilogue as plain pointers, by pixel and row. It must not outlive its Epilogue.
struct EpilogueView {
  const float *scale = nullptr, *bias = nullptr, *maps = nullptr; // [columns], [columns], [pixels, maps, columns]
  const int64_t *index = nullptr;
  int64_t rows = 0, map = 0, pixel_maps = 0; // of index; values of a map, and of a pixel's maps
  float slope;

  explicit EpilogueView(const Epilogue &e) : slope(static_cast<float>(e.slope)) {
    if (e.scale.defined()) scale = data<float>(e.scale);
    if (e.bias.defined()) bias = data<float>(e.bias);
    if (!e.maps.defined()) return;
    maps = data<float>(e.maps);
    index = data<int64_t>(e.index);
    rows = e.index.size(0);
    map = e.maps.size(2);
    pixel_maps = e.maps.size(1) * map;
  }

  // at is the epilogue of the block that begins there; row_bias is room for its rows.
  BlockEpilogue at(int64_t pixel, int64_t row, int64_t column, std::vector<const float *> &row_bias) const {
    BlockEpilogue out;
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

// Task is what one thread multiplies at a time: two panels of rows, some of columns, for some pixels.
struct Task {
  const int64_t *pixels;
  int64_t count, row, column, columns; // of pixels; panels
};

// A product is cut into at least so many tasks where it has as many blocks, for the threads of a large machine.
constexpr int64_t kLeastTasks = 16;

// share is how many of all each of at least so many parts gets, a multiple of step.
inline int64_t share(int64_t all, int64_t parts, int64_t step) {
  const int64_t steps = (all + step - 1) / step;
  return std::max<int64_t>(1, steps / parts) * step;
}

// tasks_of: pixels of one group share taps, whose panels stay in the cache while the group's pixels pass by.
inline std::vector<Task> tasks_of(const Links &from, const Groups &groups, const Panels &left, const Panels &right) {
  std::vector<Task> tasks;
  const int64_t most = 64, heights = (left.panels + 1) / 2, least = (kLeastTasks + groups.size() - 1) / groups.size();
  for (const auto &group : groups) {
    if (group.empty()) continue;
    int64_t taps = 1;
    for (int64_t pixel : group) taps = std::max<int64_t>(taps, from[pixel].size());
    const int64_t pixels = group.size(), cached = std::max<int64_t>(2, kCache / (taps * right.matrix)),
                  cut = heights * ((pixels + most - 1) / most),
                  strips = std::max((least + cut - 1) / cut, (right.panels + cached - 1) / cached),
                  strip = share(right.panels, strips, 2), others = heights * ((right.panels + strip - 1) / strip),
                  run = std::min(most, share(pixels, (least + others - 1) / others, 1));
    for (int64_t n = 0; n < right.panels; n += strip)
      for (int64_t m = 0; m < left.panels; m += 2)
        for (int64_t p = 0; p < pixels; p += run)
          tasks.push_back({&group[p], std::min(run, pixels - p), m, n, std::min(strip, right.panels - n)});
  }
  return tasks;
}

// ColumnMoments is what a task found for the moments of its columns.
struct ColumnMoments {
  std::vector<float> pivot;
  std::vector<double> distances, squares;

  explicit ColumnMoments(int64_t columns) : pivot(columns), distances(columns), squares(columns) {}

  // begin gives the block its pivots before it is stored: the first row that the task makes of these columns.
  template <class R> void begin(Block<R> &b, int64_t column, bool first) {
    if (first)
      for (int64_t i = 0; i < b.columns; i++)
        pivot[column + i] = b.sums[i] + (b.epilogue.bias != nullptr ? b.epilogue.bias[i] : 0);
    b.pivot = &pivot[column];
  }
  // collect takes what storing the block found.
  template <class R> void collect(const Block<R> &b) {
    const int64_t column = b.pivot - pivot.data();
    for (int64_t i = 0; i < kBlock; i++) {
      distances[column + i] += b.distances[i];
      squares[column + i] += b.squares[i];
    }
  }
};

// Product is what all tasks of a multiplication share.
template <class T, class R> struct Product {
  const GemmKernel<T> &kernel;
  const GemmKernel<R> &storing;
  const Links &from;
  const Panels &left, &right;
  const int64_t rows, columns;
  const EpilogueView epilogue;
  R *const out;

  // run does one task. Two blocks take turns: while one is multiplied, the kernel stores the other, whose sums are
  // complete. So a block's moments can be collected only after the next one is multiplied, and the last after the end.
  void run(const Task &task, ColumnMoments *moments) const {
    constexpr bool overlaps = std::is_same_v<R, T>; // else a block is stored at once
    std::vector<PanelPair> pairs;
    Block<R> blocks[2];
    std::vector<const float *> row_bias[2] = {std::vector<const float *>(kBlock), std::vector<const float *>(kBlock)};
    int next = 0;
    const Blocks<T> configured(kernel);
    for (int64_t p = 0; p < task.count; p++) {
      pairs_of(task, task.pixels[p], pairs);
      for (int64_t n = task.column; n < task.column + task.columns; n += 2, next = 1 - next) {
        Block<R> &b = blocks[next], &before = blocks[1 - next];
        Block<T> *waiting = nullptr;
        if constexpr (overlaps) waiting = before.rows > 0 ? &before : nullptr;
        kernel.block(pairs.data(), pairs.size(), left.k_steps, std::min(kBlock, rows - task.row * kPanel),
                     std::min<int64_t>(2, right.panels - n), left.layout, right.layout, b.sums, kBlock, false, waiting);
        if (moments != nullptr && before.rows > 0) moments->collect(before);
        place(b, task.pixels[p], task.row, n, row_bias[next]);
        if (moments != nullptr) moments->begin(b, (n - task.column) * kPanel, p == 0);
        if (!overlaps) storing.store(b);
        for (PanelPair &pair : pairs) pair.right += 2 * right.layout.panel;
      }
    }
    Block<R> &last = blocks[1 - next];
    if (overlaps) storing.store(last);
    if (moments != nullptr) moments->collect(last);
  }

private:
  // pairs_of gives the panels that add up to a pixel's first block.
  void pairs_of(const Task &task, int64_t pixel, std::vector<PanelPair> &pairs) const {
    pairs.clear();
    for (const Link &link : from[pixel])
      pairs.push_back(
          {left[link.pixel] + task.row * left.layout.panel, right[link.tap] + task.column * right.layout.panel});
  }

  // place says where the block at these panels of a pixel's matrix goes, and what follows its sums.
  void place(Block<R> &b, int64_t pixel, int64_t row_panel, int64_t column_panel,
             std::vector<const float *> &row_bias) const {
    const int64_t row = row_panel * kPanel, column = column_panel * kPanel;
    b.rows = std::min(kBlock, rows - row);
    b.columns = std::min(kBlock, columns - column);
    b.ld = columns;
    b.epilogue = epilogue.at(pixel, row, column, row_bias);
    b.out = out + (pixel * rows + row) * columns + column;
  }
};

// multiply_tiles makes matrices [pixels, rows, columns]: for each pixel the sum over its links of left[pixel] * right[tap].
template <class T, class R> void multiply_tiles(const KernelSet &kernels, const Links &from, const Groups &groups,
                                                const Panels &left, const Panels &right, int64_t rows, int64_t columns,
                                                const Epilogue &epilogue, R *out) {
  const Product<T, R> product{
      gemm_kernel<T>(kernels), gemm_kernel<R>(kernels), from, left, right, rows, columns, EpilogueView(epilogue), out};
  const std::vector<Task> tasks = tasks_of(from, groups, left, right);
  std::vector<ColumnMoments> moments;
  if (epilogue.moments != nullptr)
    for (const Task &task : tasks) moments.emplace_back((task.columns + 1) / 2 * kBlock);
  parallel(Work::product, tasks.size(),
           [&](int64_t i) { product.run(tasks[i], moments.empty() ? nullptr : &moments[i]); });
  for (size_t i = 0; i < moments.size(); i++) {
    const Task &task = tasks[i];
    const int64_t column = task.column * kPanel, values = task.count * std::min(kBlock, rows - task.row * kPanel);
    epilogue.moments->take(column, std::min(task.columns * kPanel, columns - column), values, moments[i].pivot.data(),
                           moments[i].distances.data(), moments[i].squares.data());
  }
}

} // namespace cgan
