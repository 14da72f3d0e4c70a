#include "convolution.h"
#include "guard.h"
#include "kernels.h"
#include "rows.h"

#include <cmath>
#include <torch/csrc/autograd/custom_function.h>
#include <vector>

using cgan::guarded;
using cgan::tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

namespace cgan {
namespace {

// Batch is a batch normalisation of x [B, C, H, W], pixelwise, in training.
struct Batch {
  int64_t channels, rows;
  at::Tensor mean, scale, shift, invstd; // [C]

  explicit Batch(const at::Tensor &x) : channels(x.size(1)), rows(x.numel() / x.size(1)) {}

  Norm norm(float slope) const {
    return {channels, data<float>(mean), data<float>(scale), data<float>(shift), slope};
  }
};

template <class T>
at::Tensor forward_of(Batch &b, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, at::Tensor &running_mean,
                      at::Tensor &running_var, double momentum, double eps, double slope) {
  const auto &vectors = In<T>::vectors();
  const at::Tensor first = x.as_strided({b.channels}, {1}).to(at::kFloat);
  const float *pivot = data<float>(first); // near the mean, so that squares lose nothing
  std::vector<double> sum, square;
  sums(Work::norm, b.rows, b.channels, sum, square, [&](int64_t from, int64_t rows, double *s, double *q) {
    vectors.moments(data<T>(x) + from * b.channels, rows, b.channels, pivot, s, q);
  });
  b.mean = at::empty({b.channels}, at::kFloat);
  b.invstd = at::empty_like(b.mean);
  b.scale = at::empty_like(b.mean);
  b.shift = bias.detach().clone();
  const double n = static_cast<double>(b.rows);
  for (int64_t c = 0; c < b.channels; c++) {
    const double off = sum[c] / n, mean = pivot[c] + off, var = std::max(0.0, square[c] / n - off * off), invstd = 1 / std::sqrt(var + eps);
    data<float>(b.mean)[c] = mean;
    data<float>(b.invstd)[c] = invstd;
    data<float>(b.scale)[c] = data<float>(weight)[c] * invstd;
    float &m = data<float>(running_mean)[c], &v = data<float>(running_var)[c];
    m = (1 - momentum) * m + momentum * mean;
    v = (1 - momentum) * v + momentum * var * n / (n - 1);
  }
  at::Tensor y = at::empty_like(x);
  const Norm norm = b.norm(slope);
  over(Work::norm, b.rows, b.channels, [&](int64_t from, int64_t rows) { vectors.norm(data<T>(x) + from * b.channels, rows, norm, data<T>(y) + from * b.channels); });
  return y;
}

template <class T> tensor_list backward_of(Batch &b, const at::Tensor &x, const at::Tensor &dy, double slope) {
  const auto &vectors = In<T>::vectors();
  const Norm norm = b.norm(slope);
  std::vector<double> sum, product;
  sums(Work::norm, b.rows, b.channels, sum, product, [&](int64_t from, int64_t rows, double *s, double *p) {
    const int64_t at = from * b.channels;
    vectors.norm_sums(data<T>(x) + at, data<T>(dy) + at, rows, norm, s, p);
  });
  at::Tensor dx = at::empty_like(x), dw = at::empty_like(b.mean), db = at::empty_like(b.mean);
  std::vector<float> along_mean(b.channels), along_x(b.channels);
  for (int64_t c = 0; c < b.channels; c++) {
    const double invstd = data<float>(b.invstd)[c];
    data<float>(dw)[c] = product[c] * invstd;
    data<float>(db)[c] = sum[c];
    along_mean[c] = sum[c] / b.rows;
    along_x[c] = product[c] * invstd * invstd / b.rows;
  }
  over(Work::norm, b.rows, b.channels, [&](int64_t from, int64_t rows) {
    const int64_t at = from * b.channels;
    vectors.norm_grad(data<T>(x) + at, data<T>(dy) + at, rows, norm, along_mean.data(), along_x.data(), data<T>(dx) + at);
  });
  return {dx, dw, db};
}

struct BatchNormAct : torch::autograd::Function<BatchNormAct> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &input, const at::Tensor &weight, const at::Tensor &bias,
                            at::Tensor running_mean, at::Tensor running_var, double momentum, double eps, double slope) {
    check_taken(input, input.dim() > 1 ? input.size(1) : 0, {weight, bias, running_mean, running_var});
    TORCH_CHECK(input.numel() > input.size(1), "Expected more than 1 value per channel when training, got input size ", input.sizes());
    const at::Tensor x = pixelwise(input);
    Batch b(x);
    const at::Tensor y = x.scalar_type() == at::kBFloat16 ? forward_of<BFloat>(b, x, weight, bias, running_mean, running_var, momentum, eps, slope)
                                                          : forward_of<float>(b, x, weight, bias, running_mean, running_var, momentum, eps, slope);
    ctx->save_for_backward({x, b.mean, b.scale, b.shift, b.invstd});
    ctx->saved_data["slope"] = slope;
    return y;
  }

  static tensor_list backward(AutogradContext *ctx, tensor_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], dy = pixelwise(grads[0]);
    check_type(x);
    const double slope = ctx->saved_data["slope"].toDouble();
    Batch b(x);
    b.mean = saved[1];
    b.scale = saved[2];
    b.shift = saved[3];
    b.invstd = saved[4];
    tensor_list d = x.scalar_type() == at::kBFloat16 ? backward_of<BFloat>(b, x, dy, slope) : backward_of<float>(b, x, dy, slope);
    d.resize(8);
    return d;
  }
};

} // namespace
} // namespace cgan

char *cgan_batch_norm_act(cgan_tensor input, cgan_tensor weight, cgan_tensor bias, cgan_tensor running_mean, cgan_tensor running_var,
                          double momentum, double eps, double slope, cgan_tensor *out) {
  return guarded([&] {
    *out = cgan::handle(cgan::BatchNormAct::apply(tensor(input), tensor(weight), tensor(bias), tensor(running_mean), tensor(running_var), momentum, eps, slope));
  });
}
