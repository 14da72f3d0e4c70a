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
  int64_t columns = db.numel(), rows = dy.numel() / columns;
  while (columns < 64 && rows % 2 == 0) columns *= 2, rows /= 2; // vectors are full where several rows are taken as one
  const std::vector<float> zeros(columns);
  std::vector<double> sum, unused; // a kernel for the sum alone would save little: reading is what takes time
  sums(Work::bias, rows, columns, sum, unused, [&](int64_t from, int64_t count, double *s, double *q) {
    In<T>::vectors().moments(data<T>(dy) + from * columns, count, columns, zeros.data(), s, q);
  });
  for (int64_t i = db.numel(); i < columns; i++) sum[i % db.numel()] += sum[i];
  std::copy_n(sum.begin(), db.numel(), db.data_ptr<float>());
}

} // namespace

void Setting::save(torch::autograd::AutogradContext *ctx) const {
  ctx->saved_data["stride"] = stride;
  ctx->saved_data["padding"] = padding;
  ctx->saved_data["transposed"] = transposed;
  ctx->saved_data["slope"] = slope;
}

Setting Setting::saved(torch::autograd::AutogradContext *ctx) {
  auto &data = ctx->saved_data;
  return {data["stride"].toInt(), data["padding"].toInt(), data["transposed"].toBool(), data["slope"].toDouble()};
}

void Setting::check(const at::Tensor &x, const at::Tensor &weight, at::ArrayRef<at::Tensor> parameters) const {
  of(x, weight); // refuses shapes that do not fit
  check_taken(x, weight.size(transposed ? 1 : 0), parameters);
}

at::Tensor Setting::forward(const at::Tensor &x, const at::Tensor &weight, const Finish &finish) const {
  return transposed ? to_fine(of(x, weight), x, weight, finish) : to_coarse(of(x, weight), x, weight, finish);
}

at::Tensor Setting::input_grad(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &dy) const {
  return transposed ? to_coarse(of(x, weight), dy, weight, {}) : to_fine(of(x, weight), dy, weight, {});
}

at::Tensor Setting::weight_grad(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &dy) const {
  const Convolution c = of(x, weight);
  return as_laid_out(transposed ? cgan::weight_grad(c, x, dy) : cgan::weight_grad(c, dy, x), weight);
}

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
