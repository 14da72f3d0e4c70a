// Work along the rows of a matrix, a row for each pixel of each image.
#pragma once

#include "parallel.h"

#include <algorithm>
#include <vector>

namespace cgan {

// Runs of rows are the same for any number of threads, and so are the sums.
inline int64_t run_of(int64_t channels) { return std::clamp<int64_t>((1 << 16) / channels, 64, 1 << 12); }

// over calls body(first row, rows) for each run.
template <class Body> void over(Work what, int64_t rows, int64_t channels, Body body) {
  const int64_t run = run_of(channels);
  parallel(what, (rows + run - 1) / run, [&](int64_t i) { body(i * run, std::min(run, rows - i * run)); });
}

// sums adds up two quantities by channel, which body(first row, rows, a, b) gives for a run.
template <class Body>
void sums(Work what, int64_t rows, int64_t channels, std::vector<double> &a, std::vector<double> &b, Body body) {
  const int64_t run = run_of(channels), runs = (rows + run - 1) / run;
  std::vector<double> each(runs * 2 * channels);
  over(what, rows, channels, [&](int64_t from, int64_t count) {
    double *mine = each.data() + from / run * 2 * channels;
    body(from, count, mine, mine + channels);
  });
  a.assign(channels, 0);
  b.assign(channels, 0);
  for (int64_t i = 0; i < runs; i++)
    for (int64_t c = 0; c < channels; c++) {
      a[c] += each[i * 2 * channels + c];
      b[c] += each[(i * 2 + 1) * channels + c];
    }
}

} // namespace cgan
