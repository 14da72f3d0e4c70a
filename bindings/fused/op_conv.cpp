#include "../libtorch/guard.h"
#include "conv_settings.h"

using cgan::guarded;
using cgan::tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

namespace cgan {
namespace {

// Conv is a convolution with LeakyReLU.
struct Conv : torch::autograd::Function<Conv> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias,
                            const ConvSettings &settings) {
    settings.check(x, weight, {bias});
    const at::Tensor in = pixelwise(x);
    Epilogue epilogue;
    epilogue.bias = bias;
    epilogue.slope = settings.slope;
    const at::Tensor y = settings.forward(in, weight, epilogue);
    ctx->save_for_backward({in, weight, settings.slope == 1 ? at::Tensor() : y});
    settings.save(ctx);
    return y;
  }

  static tensor_list backward(AutogradContext *ctx, tensor_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const ConvSettings settings(ctx);
    const at::Tensor dy = settings.leaky_grad(saved[2], pixelwise(grads[0]));
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = settings.input_grad(x, weight, dy);
    if (ctx->needs_input_grad(1)) dw = settings.weight_grad(x, weight, dy);
    if (ctx->needs_input_grad(2)) db = settings.bias_grad(dy);
    return {dx, dw, db, at::Tensor()};
  }
};

} // namespace
} // namespace cgan

char *cgan_conv(const cgan_conv_settings *settings, cgan_tensor input, cgan_tensor weight, cgan_tensor bias,
                cgan_tensor *out) {
  return guarded([&] {
    *out = cgan::handle(cgan::Conv::apply(tensor(input), tensor(weight), tensor(bias), cgan::ConvSettings(*settings)));
  });
}

char *cgan_lay_out_pixelwise(cgan_tensor self) {
  return guarded([&] {
    at::Tensor &t = tensor(self);
    t.set_data(cgan::pixelwise(t.detach()));
  });
}
