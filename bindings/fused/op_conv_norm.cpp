#include "../libtorch/guard.h"
#include "batch_norm.h"
#include "conv_settings.h"

using cgan::guarded;
using cgan::tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

namespace cgan {
namespace {

// Statistics is what a batch normalisation has beside weight and bias.
struct Statistics {
  at::Tensor running_mean, running_var;
  double momentum, eps;
};

// ConvNorm is a convolution, a batch normalisation in training and LeakyReLU. The convolution finds the moments while
// it stores what it made.
struct ConvNorm : torch::autograd::Function<ConvNorm> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                            const at::Tensor &norm_weight, const at::Tensor &norm_bias, const Statistics &statistics,
                            const ConvSettings &settings) {
    const at::Tensor in = pixelwise(x);
    Moments moments(bias.numel());
    Epilogue epilogue;
    epilogue.bias = bias;
    epilogue.moments = &moments;
    const at::Tensor y = settings.forward(in, weight, epilogue);
    TORCH_CHECK(moments.count[0] > 1, "Expected more than 1 value per channel when training, got input size ",
                y.sizes());
    track(moments, statistics.momentum, statistics.running_mean, statistics.running_var);
    const BatchNorm b = batch_norm(*settings.kernels, moments, norm_weight, norm_bias, statistics.eps, settings.slope);
    ctx->save_for_backward({in, weight, y, b.mean, b.scale, b.shift, b.invstd});
    settings.save(ctx);
    return norm_forward(b, y);
  }

  static tensor_list backward(AutogradContext *ctx, tensor_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &y = saved[2];
    const ConvSettings settings(ctx);
    const BatchNorm b{settings.kernels, saved[3], saved[4], saved[5], saved[6], settings.slope};
    const NormGrads d = norm_backward(b, y, pixelwise(grads[0]));
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = settings.input_grad(x, weight, d.x);
    if (ctx->needs_input_grad(1)) dw = settings.weight_grad(x, weight, d.x);
    if (ctx->needs_input_grad(2))
      db = at::zeros_like(d.bias); // normalising takes the bias out again: all else is rounding
    return {dx, dw, db, d.weight, d.bias, at::Tensor(), at::Tensor()};
  }
};

} // namespace
} // namespace cgan

// In evaluation a batch normalisation is a scale and a shift, which the convolution before it applies.
char *cgan_conv_norm(const cgan_conv_settings *how, cgan_tensor input, cgan_tensor weight, cgan_tensor bias,
                     const cgan_batch_norm *norm, cgan_tensor *out) {
  return guarded([&] {
    const at::Tensor &x = tensor(input), &w = tensor(weight), &b = tensor(bias), &gamma = tensor(norm->weight),
                     &beta = tensor(norm->bias), &mean = tensor(norm->running_mean), &var = tensor(norm->running_var);
    const cgan::ConvSettings settings(*how);
    settings.check(x, w, {b, gamma, beta, mean, var});
    if (norm->training) {
      *out = cgan::handle(cgan::ConvNorm::apply(x, w, b, gamma, beta,
                                                cgan::Statistics{mean, var, norm->momentum, norm->eps}, settings));
      return;
    }
    cgan::Epilogue epilogue;
    epilogue.scale = gamma / at::sqrt(var + norm->eps);
    epilogue.bias = (b - mean) * epilogue.scale + beta;
    epilogue.slope = settings.slope;
    *out = cgan::handle(settings.forward(cgan::pixelwise(x), w, epilogue));
  });
}
