#include "convgrad.h"
#include "guard.h"
#include "kernels.h"

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
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, const Setting &setting) {
    setting.check(x, weight, {bias});
    const at::Tensor in = pixelwise(x);
    Finish finish;
    finish.bias = bias;
    finish.slope = setting.slope;
    const at::Tensor y = setting.forward(in, weight, finish);
    ctx->save_for_backward({in, weight, setting.slope == 1 ? at::Tensor() : y});
    setting.save(ctx);
    return y;
  }

  static tensor_list backward(AutogradContext *ctx, tensor_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    check_type(x);
    const Setting setting = Setting::saved(ctx);
    const at::Tensor dy = leaky_grad(saved[2], pixelwise(grads[0]), setting.slope);
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = setting.input_grad(x, weight, dy);
    if (ctx->needs_input_grad(1)) dw = setting.weight_grad(x, weight, dy);
    if (ctx->needs_input_grad(2)) db = bias_grad(dy);
    return {dx, dw, db, at::Tensor()};
  }
};

} // namespace
} // namespace cgan

char *cgan_conv(cgan_tensor input, cgan_tensor weight, cgan_tensor bias, int64_t stride, int64_t padding, int transposed, double slope, cgan_tensor *out) {
  return guarded([&] {
    const cgan::Setting setting{stride, padding, transposed != 0, slope};
    *out = cgan::handle(cgan::Conv::apply(tensor(input), tensor(weight), tensor(bias), setting));
  });
}

char *cgan_lay_out_pixelwise(cgan_tensor self) {
  return guarded([&] {
    at::Tensor &t = tensor(self);
    t.set_data(cgan::pixelwise(t.detach()));
  });
}
