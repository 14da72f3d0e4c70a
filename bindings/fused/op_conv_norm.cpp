#include "convgrad.h"
#include "guard.h"
#include "norm.h"

using cgan::guarded;
using cgan::tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

namespace cgan {
namespace {

// ConvNorm is a convolution with a batch normalisation in training, and its LeakyReLU, behind it. The convolution finds
// the moments while it stores what it made.
struct ConvNorm : torch::autograd::Function<ConvNorm> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, const at::Tensor &norm_weight,
                            const at::Tensor &norm_bias, at::Tensor running_mean, at::Tensor running_var, double momentum, double eps, const Setting &setting) {
    const at::Tensor in = pixelwise(x);
    Moments moments(bias.numel());
    Finish finish;
    finish.bias = bias;
    finish.moments = &moments;
    const at::Tensor y = setting.forward(in, weight, finish);
    TORCH_CHECK(moments.count[0] > 1, "Expected more than 1 value per channel when training, got input size ", y.sizes());
    track(moments, momentum, running_mean, running_var);
    const BatchNorm b = batch_norm(moments, norm_weight, norm_bias, eps, setting.slope);
    ctx->save_for_backward({in, weight, y, b.mean, b.scale, b.shift, b.invstd});
    setting.save(ctx);
    return norm_forward(b, y);
  }

  static tensor_list backward(AutogradContext *ctx, tensor_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &y = saved[2];
    check_type(x);
    const Setting setting = Setting::saved(ctx);
    const NormGrads d = norm_backward({saved[3], saved[4], saved[5], saved[6], setting.slope}, y, pixelwise(grads[0]));
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = setting.input_grad(x, weight, d.x);
    if (ctx->needs_input_grad(1)) dw = setting.weight_grad(x, weight, d.x);
    if (ctx->needs_input_grad(2)) db = at::zeros_like(d.bias); // normalising takes the bias out again: all else is rounding
    return {dx, dw, db, d.weight, d.bias, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

} // namespace
} // namespace cgan

// In evaluation a batch normalisation is a scale and a shift, which the convolution in front of it applies.
char *cgan_conv_norm(cgan_tensor input, cgan_tensor weight, cgan_tensor bias, int64_t stride, int64_t padding, int transposed, const cgan_tensor *norm,
                     int training, double momentum, double eps, double slope, cgan_tensor *out) {
  return guarded([&] {
    const at::Tensor &x = tensor(input), &w = tensor(weight), &b = tensor(bias), &gamma = tensor(norm[0]), &beta = tensor(norm[1]), &mean = tensor(norm[2]),
                     &var = tensor(norm[3]);
    const cgan::Setting setting{stride, padding, transposed != 0, slope};
    setting.check(x, w, {b, gamma, beta, mean, var});
    if (training) {
      *out = cgan::handle(cgan::ConvNorm::apply(x, w, b, gamma, beta, mean, var, momentum, eps, setting));
      return;
    }
    cgan::Finish finish;
    finish.scale = gamma / at::sqrt(var + eps);
    finish.bias = (b - mean) * finish.scale + beta;
    finish.slope = slope;
    *out = cgan::handle(setting.forward(cgan::pixelwise(x), w, finish));
  });
}
