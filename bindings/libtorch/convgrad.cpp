#include "convgrad.h"
#include "kernels.h"
#include "rows.h"

namespace cgan {
namespace {

template <class T> void leaky_grad_of(const at::Tensor &y, const at::Tensor &dy, float slope, at::Tensor &dx) {
  const int64_t step = 1 << 14, count = y.numel();
  parallel(Work::activation, (count + step - 1) / step, [&](int64_t i) {
    const int64_t from = i * step;
    In<T>::vectors().leaky_grad(data<T>(y) + from, data<T>(dy) + from,
                                std::min(step, count - from), slope, data<T>(dx) + from);
  });
}

template <class T> void bias_grad_of(const at::Tensor &dy, at::Tensor &db) {
  const int64_t channels = db.numel();
  const std::vector<float> zeros(channels);
  std::vector<double> sum, unused; // a kernel for the sum alone would save little: reading is what takes time
  sums(Work::bias, dy.numel() / channels, channels, sum, unused, [&](int64_t from, int64_t rows, double *s, double *q) {
    In<T>::vectors().moments(data<T>(dy) + from * channels, rows, channels, zeros.data(), s, q);
  });
  std::copy(sum.begin(), sum.end(), db.data_ptr<float>());
}

} // namespace

at::Tensor leaky_grad(const at::Tensor &y, const at::Tensor &dy, double slope) {
  if (slope == 1) return dy;
  at::Tensor dx = at::empty_like(dy);
  y.scalar_type() == at::kBFloat16 ? leaky_grad_of<BFloat>(y, dy, slope, dx) : leaky_grad_of<float>(y, dy, slope, dx);
  return dx;
}

at::Tensor bias_grad(const at::Tensor &dy) {
  at::Tensor db = at::empty({dy.size(1)}, at::kFloat);
  dy.scalar_type() == at::kBFloat16 ? bias_grad_of<BFloat>(dy, db) : bias_grad_of<float>(dy, db);
  return db;
}

at::Tensor as_laid_out(const at::Tensor &grad, const at::Tensor &weight) {
  return grad.strides() == weight.strides() ? grad : at::empty_like(weight).copy_(grad);
}

} // namespace cgan
