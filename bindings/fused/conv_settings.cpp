#include "conv_settings.h"
#include "row_runs.h"

namespace cgan {
namespace {

template <class T>
void leaky_grad_of(const KernelSet &kernels, const at::Tensor &y, const at::Tensor &dy, float slope, at::Tensor &dx) {
  const int64_t step = 1 << 14, count = y.numel();
  parallel(Work::activation, (count + step - 1) / step, [&](int64_t i) {
    const int64_t from = i * step;
    row_kernels<T>(kernels).leaky_grad(data<T>(y) + from, data<T>(dy) + from, std::min(step, count - from), slope,
                                       data<T>(dx) + from);
  });
}

template <class T> void bias_grad_of(const KernelSet &kernels, const at::Tensor &dy, at::Tensor &db) {
  int64_t columns = db.numel(), rows = dy.numel() / columns;
  while (columns < 64 && rows % 2 == 0) columns *= 2, rows /= 2; // vectors are full where several rows are taken as one
  const std::vector<float> zeros(columns);
  std::vector<double> sum, unused; // a kernel for the sum alone would save little: reading is what takes time
  sums(Work::bias, rows, columns, sum, unused, [&](int64_t from, int64_t count, double *s, double *q) {
    row_kernels<T>(kernels).moments(data<T>(dy) + from * columns, count, columns, zeros.data(), s, q);
  });
  for (int64_t i = db.numel(); i < columns; i++) sum[i % db.numel()] += sum[i];
  std::copy_n(sum.begin(), db.numel(), db.data_ptr<float>());
}

} // namespace

ConvSettings::ConvSettings(const cgan_conv_settings &s)
    : kernels(static_cast<const KernelSet *>(s.kernels)), stride(s.stride), padding(s.padding),
      transposed(s.transposed != 0), slope(s.slope), no_grad(!at::GradMode::is_enabled()) {
  TORCH_CHECK(kernels != nullptr, "a fused convolution needs a kernel set: this machine has none, or none is given");
}

ConvSettings::ConvSettings(torch::autograd::AutogradContext *ctx)
    : kernels(reinterpret_cast<const KernelSet *>(ctx->saved_data["kernels"].toInt())),
      stride(ctx->saved_data["stride"].toInt()), padding(ctx->saved_data["padding"].toInt()),
      transposed(ctx->saved_data["transposed"].toBool()), slope(ctx->saved_data["slope"].toDouble()) {}

void ConvSettings::save(torch::autograd::AutogradContext *ctx) const {
  ctx->saved_data["kernels"] = reinterpret_cast<int64_t>(kernels);
  ctx->saved_data["stride"] = stride;
  ctx->saved_data["padding"] = padding;
  ctx->saved_data["transposed"] = transposed;
  ctx->saved_data["slope"] = slope;
}

void ConvSettings::check(const at::Tensor &x, const at::Tensor &weight, at::ArrayRef<at::Tensor> parameters) const {
  of(x, weight); // refuses shapes that do not fit
  check_operands(x, weight.size(transposed ? 1 : 0), parameters);
}

void ConvSettings::check_operands(const at::Tensor &x, int64_t channels, at::ArrayRef<at::Tensor> parameters) const {
  TORCH_CHECK(x.is_cpu() && x.dim() == 4, "the kernels take [B, C, H, W] on the CPU, got ", x.sizes(), " on ",
              x.device());
  TORCH_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16,
              "the kernels take Float and BFloat16, not ", x.scalar_type());
  for (const at::Tensor &p : parameters)
    TORCH_CHECK(p.is_cpu() && p.scalar_type() == at::kFloat && p.dim() == 1 && p.size(0) == channels &&
                    p.is_contiguous(),
                "expected ", channels, " adjacent values of Float for the channels, on the CPU, got ", p.sizes(),
                " of ", p.scalar_type(), " on ", p.device(), ", strides ", p.strides());
}

Convolution ConvSettings::of(const at::Tensor &x, const at::Tensor &weight) const {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && weight.size(2) == weight.size(3),
              "expected [B, C, H, W] and a square kernel, got ", x.sizes(), " and ", weight.sizes());
  TORCH_CHECK(weight.is_cpu() && weight.scalar_type() == at::kFloat,
              "the kernels take a weight of Float on the CPU, got ", weight.scalar_type(), " on ", weight.device());
  TORCH_CHECK(x.numel() > 0 && weight.numel() > 0, "the kernels take no empty tensors, got ", x.sizes(), " and ",
              weight.sizes());
  TORCH_CHECK(stride > 0 && padding >= 0, "expected a stride of at least 1 and a padding of at least 0, got ", stride,
              " and ", padding);
  const int64_t from = transposed ? 0 : 1, k = weight.size(2);
  TORCH_CHECK(x.size(1) == weight.size(from), "the input has ", x.size(1), " channels, the weight takes ",
              weight.size(from));
  const Grid in{x.size(1), x.size(2), x.size(3)};
  auto other = [&](int64_t n) {
    return transposed ? (n - 1) * stride - 2 * padding + k : (n + 2 * padding - k) / stride + 1;
  };
  const Grid out{weight.size(1 - from), other(in.height), other(in.width)};
  const bool fits = transposed || std::min(in.height, in.width) + 2 * padding >= k; // division would round up to 1
  TORCH_CHECK(fits && out.height > 0 && out.width > 0, "a kernel of size ", k, " does not fit on ", x.sizes());
  return {kernels, x.size(0), k, stride, padding, transposed ? in : out, transposed ? out : in, no_grad};
}

at::Tensor ConvSettings::forward(const at::Tensor &x, const at::Tensor &weight, const Epilogue &epilogue) const {
  return transposed ? to_fine(of(x, weight), x, weight, epilogue) : to_coarse(of(x, weight), x, weight, epilogue);
}

at::Tensor ConvSettings::input_grad(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &dy) const {
  return transposed ? to_coarse(of(x, weight), dy, weight, {}) : to_fine(of(x, weight), dy, weight, {});
}

at::Tensor ConvSettings::weight_grad(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &dy) const {
  const Convolution c = of(x, weight);
  return as_laid_out(transposed ? cgan::weight_grad(c, x, dy) : cgan::weight_grad(c, dy, x), weight);
}

at::Tensor ConvSettings::leaky_grad(const at::Tensor &y, const at::Tensor &dy) const {
  if (slope == 1) return dy;
  at::Tensor dx = at::empty_like(dy);
  y.scalar_type() == at::kBFloat16 ? leaky_grad_of<BFloat>(*kernels, y, dy, slope, dx)
                                   : leaky_grad_of<float>(*kernels, y, dy, slope, dx);
  return dx;
}

at::Tensor ConvSettings::bias_grad(const at::Tensor &dy) const {
  at::Tensor db = at::empty({dy.size(1)}, at::kFloat);
  dy.scalar_type() == at::kBFloat16 ? bias_grad_of<BFloat>(*kernels, dy, db) : bias_grad_of<float>(*kernels, dy, db);
  return db;
}

at::Tensor as_laid_out(const at::Tensor &grad, const at::Tensor &weight) {
  return grad.strides() == weight.strides() ? grad : at::empty_like(weight).copy_(grad);
}

} // namespace cgan
