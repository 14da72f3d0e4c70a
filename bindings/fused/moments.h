// Mean and variance of the channels of an image.
#pragma once

#include "../kernels/kernels.h"

#include <ATen/ATen.h>
#include <vector>

namespace cgan {

struct Moments {
  std::vector<double> count, mean, square; // by channel; square is the sum of squared distances from the mean

  explicit Moments(int64_t channels) : count(channels), mean(channels), square(channels) {}

  // take adds n values of each of some channels from begin on, given as sums of their distances from a pivot and of the
  // squares of these. The pivot is near the values, so that the squares lose nothing.
  void take(int64_t begin, int64_t channels, int64_t n, const float *pivot, const double *sum,
            const double *sum_of_squares);
};

// moments_of reads x [B, C, H, W], pixelwise.
Moments moments_of(const KernelSet &, const at::Tensor &x);

} // namespace cgan
