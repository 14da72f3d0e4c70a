#include "batch_norm.h"
#include "convolution.h"
#include "row_runs.h"

#include <cmath>

namespace cgan {

Norm BatchNorm::by_channel() const {
  return {mean.numel(), data<float>(mean), data<float>(scale), data<float>(shift), static_cast<float>(slope)};
}

BatchNorm batch_norm(const KernelSet &kernels, const Moments &m, const at::Tensor &weight, const at::Tensor &bias,
                     double eps, double slope) {
  const at::Tensor mean = at::empty({bias.numel()}, at::kFloat);
  const BatchNorm b{&kernels, mean, at::empty_like(mean), bias.detach().clone(), at::empty_like(mean), slope};
  for (int64_t c = 0; c < bias.numel(); c++) {
    const double invstd = 1 / std::sqrt(m.square[c] / m.count[c] + eps);
    data<float>(b.mean)[c] = m.mean[c];
    data<float>(b.invstd)[c] = invstd;
    data<float>(b.scale)[c] = data<float>(weight)[c] * invstd;
  }
  return b;
}

void track(const Moments &m, double momentum, at::Tensor running_mean, at::Tensor running_var) {
  for (int64_t c = 0; c < running_mean.numel(); c++) {
    float &mean = data<float>(running_mean)[c], &var = data<float>(running_var)[c];
    mean = (1 - momentum) * mean + momentum * m.mean[c];
    var = (1 - momentum) * var + momentum * m.square[c] / (m.count[c] - 1);
  }
}

namespace {

template <class T> void forward_of(const BatchNorm &b, const at::Tensor &x, at::Tensor &y) {
  const Norm n = b.by_channel();
  const int64_t rows = x.numel() / n.channels;
  over(Work::norm, rows, n.channels, [&](int64_t from, int64_t count) {
    row_kernels<T>(*b.kernels).norm(data<T>(x) + from * n.channels, count, n, data<T>(y) + from * n.channels);
  });
}

template <class T> NormGrads backward_of(const BatchNorm &b, const at::Tensor &x, const at::Tensor &dy) {
  const auto &kernel = row_kernels<T>(*b.kernels);
  const Norm n = b.by_channel();
  const int64_t rows = x.numel() / n.channels;
  std::vector<double> sum, product;
  sums(Work::norm, rows, n.channels, sum, product, [&](int64_t from, int64_t count, double *s, double *p) {
    const int64_t at = from * n.channels;
    kernel.norm_sums(data<T>(x) + at, data<T>(dy) + at, count, n, s, p);
  });
  NormGrads d{at::empty_like(x), at::empty_like(b.mean), at::empty_like(b.mean)};
  std::vector<float> along_mean(n.channels), along_x(n.channels);
  for (int64_t c = 0; c < n.channels; c++) {
    const double invstd = data<float>(b.invstd)[c];
    data<float>(d.weight)[c] = product[c] * invstd;
    data<float>(d.bias)[c] = sum[c];
    along_mean[c] = sum[c] / rows;
    along_x[c] = product[c] * invstd * invstd / rows;
  }
  over(Work::norm, rows, n.channels, [&](int64_t from, int64_t count) {
    const int64_t at = from * n.channels;
    kernel.norm_grad(data<T>(x) + at, data<T>(dy) + at, count, n, along_mean.data(), along_x.data(), data<T>(d.x) + at);
  });
  return d;
}

} // namespace

at::Tensor norm_forward(const BatchNorm &b, const at::Tensor &x) {
  at::Tensor y = at::empty_like(x);
  x.scalar_type() == at::kBFloat16 ? forward_of<BFloat>(b, x, y) : forward_of<float>(b, x, y);
  return y;
}

NormGrads norm_backward(const BatchNorm &b, const at::Tensor &x, const at::Tensor &dy) {
  return x.scalar_type() == at::kBFloat16 ? backward_of<BFloat>(b, x, dy) : backward_of<float>(b, x, dy);
}

} // namespace cgan
