#include "moments.h"
#include "convolution.h"
#include "row_runs.h"

#include <algorithm>

namespace cgan {

void Moments::take(int64_t begin, int64_t channels, int64_t n, const float *pivot, const double *sum,
                   const double *sum_of_squares) {
  for (int64_t i = 0; i < channels; i++) {
    double &all = count[begin + i], &middle = mean[begin + i];
    const double off = sum[i] / n, step = pivot[i] + off - middle, after = all + n;
    square[begin + i] += std::max(0.0, sum_of_squares[i] - sum[i] * off) + step * step * all * n / after;
    middle += step * n / after;
    all = after;
  }
}

namespace {

template <class T> Moments moments_as(const KernelSet &kernels, const at::Tensor &x) {
  const int64_t channels = x.size(1), rows = x.numel() / channels;
  const at::Tensor first = x.as_strided({channels}, {1}).to(at::kFloat);
  const float *pivot = data<float>(first);
  std::vector<double> sum, square;
  sums(Work::norm, rows, channels, sum, square, [&](int64_t from, int64_t count, double *s, double *q) {
    row_kernels<T>(kernels).moments(data<T>(x) + from * channels, count, channels, pivot, s, q);
  });
  Moments m(channels);
  m.take(0, channels, rows, pivot, sum.data(), square.data());
  return m;
}

} // namespace

Moments moments_of(const KernelSet &kernels, const at::Tensor &x) {
  return x.scalar_type() == at::kBFloat16 ? moments_as<BFloat>(kernels, x) : moments_as<float>(kernels, x);
}

} // namespace cgan
