#include "convgrad.h"
#include "guard.h"
#include "kernels.h"

#include <torch/csrc/autograd/custom_function.h>

using cgan::guarded;
using cgan::tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

namespace cgan {

void check_type(const at::Tensor &x) {
  TORCH_CHECK(chosen() != nullptr, "this machine has no kernels, or none are chosen");
  TORCH_CHECK(x.is_cpu() && x.dim() == 4, "the kernels take [B, C, H, W] on the CPU, got ", x.sizes(), " on ", x.device());
  TORCH_CHECK(x.scalar_type() == at::kFloat || (x.scalar_type() == at::kBFloat16 && chosen()->bf16 != nullptr), "the kernels of ", chosen()->name, " don't take ", x.scalar_type());
}

void check_taken(const at::Tensor &x, int64_t channels, at::ArrayRef<at::Tensor> parameters) {
  check_type(x);
  for (const at::Tensor &p : parameters)
    TORCH_CHECK(p.is_cpu() && p.scalar_type() == at::kFloat && p.dim() == 1 && p.size(0) == channels && p.is_contiguous(), "expected ", channels,
                " values of Float for the channels, behind each other on the CPU, got ", p.sizes(), " of ", p.scalar_type(), " on ", p.device(), ", strides ", p.strides());
}

namespace {

struct Conv : torch::autograd::Function<Conv> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                            int64_t stride, int64_t padding, bool transposed, double slope) {
    const Convolution c = convolution_of(x, weight, stride, padding, transposed);
    check_taken(x, weight.size(transposed ? 1 : 0), {bias});
    const at::Tensor in = pixelwise(x);
    Finish finish;
    finish.bias = bias;
    finish.slope = slope;
    const at::Tensor y = transposed ? to_fine(c, in, weight, finish) : to_coarse(c, in, weight, finish);
    ctx->save_for_backward({in, weight, slope == 1 ? at::Tensor() : y});
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    ctx->saved_data["transposed"] = transposed;
    ctx->saved_data["slope"] = slope;
    return y;
  }

  static tensor_list backward(AutogradContext *ctx, tensor_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    check_type(x);
    const bool transposed = ctx->saved_data["transposed"].toBool();
    const Convolution c = convolution_of(x, weight, ctx->saved_data["stride"].toInt(), ctx->saved_data["padding"].toInt(), transposed);
    const at::Tensor dy = leaky_grad(saved[2], pixelwise(grads[0]), ctx->saved_data["slope"].toDouble());
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = transposed ? to_coarse(c, dy, weight, {}) : to_fine(c, dy, weight, {});
    if (ctx->needs_input_grad(1)) dw = as_laid_out(transposed ? weight_grad(c, x, dy) : weight_grad(c, dy, x), weight);
    if (ctx->needs_input_grad(2)) db = bias_grad(dy);
    return {dx, dw, db, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

} // namespace
} // namespace cgan

char *cgan_conv(cgan_tensor input, cgan_tensor weight, cgan_tensor bias, int64_t stride, int64_t padding, int transposed, double slope, cgan_tensor *out) {
  return guarded([&] {
    *out = cgan::handle(cgan::Conv::apply(tensor(input), tensor(weight), tensor(bias), stride, padding, transposed != 0, slope));
  });
}

// In evaluation a batch normalisation is a scale and a shift, which the convolution in front of it applies.
char *cgan_conv_norm(cgan_tensor input, cgan_tensor weight, cgan_tensor bias, int64_t stride, int64_t padding, int transposed, const cgan_tensor *norm,
                     double eps, double slope, cgan_tensor *out) {
  return guarded([&] {
    const at::Tensor &gamma = tensor(norm[0]), &beta = tensor(norm[1]), &mean = tensor(norm[2]), &var = tensor(norm[3]), &x = tensor(input);
    cgan::check_taken(x, tensor(weight).size(transposed ? 1 : 0), {tensor(bias), gamma, beta, mean, var});
    cgan::Finish finish;
    finish.scale = gamma / at::sqrt(var + eps);
    finish.bias = (tensor(bias) - mean) * finish.scale + beta;
    finish.slope = slope;
    const cgan::Convolution c = cgan::convolution_of(x, tensor(weight), stride, padding, transposed != 0);
    *out = cgan::handle(transposed ? cgan::to_fine(c, x, tensor(weight), finish) : cgan::to_coarse(c, x, tensor(weight), finish));
  });
}

char *cgan_lay_out_pixelwise(cgan_tensor self) {
  return guarded([&] {
    at::Tensor &t = tensor(self);
    t.set_data(cgan::pixelwise(t.detach()));
  });
}
