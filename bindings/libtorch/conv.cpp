#include "convolution.h"
#include "guard.h"
#include "kernels.h"
#include "rows.h"

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

template <class T> void leaky_grad_of(const at::Tensor &y, const at::Tensor &dy, float slope, at::Tensor &dx) {
  const int64_t step = 1 << 14, count = y.numel();
  parallel(Work::activation, (count + step - 1) / step, [&](int64_t i) {
    const int64_t from = i * step;
    In<T>::vectors().leaky_grad(data<T>(y) + from, data<T>(dy) + from,
                                std::min(step, count - from), slope, data<T>(dx) + from);
  });
}

// leaky_grad is dy, pixelwise, through the LeakyReLU that gave y.
at::Tensor leaky_grad(const at::Tensor &y, const at::Tensor &dy, double slope) {
  if (slope == 1) return dy;
  at::Tensor dx = at::empty_like(dy);
  y.scalar_type() == at::kBFloat16 ? leaky_grad_of<BFloat>(y, dy, slope, dx) : leaky_grad_of<float>(y, dy, slope, dx);
  return dx;
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

// bias_grad is dy, pixelwise, summed up by channel.
at::Tensor bias_grad(const at::Tensor &dy) {
  at::Tensor db = at::empty({dy.size(1)}, at::kFloat);
  dy.scalar_type() == at::kBFloat16 ? bias_grad_of<BFloat>(dy, db) : bias_grad_of<float>(dy, db);
  return db;
}

// as_laid_out gives a weight's gradient the memory order of the weight, so that nothing copies it later.
at::Tensor as_laid_out(const at::Tensor &grad, const at::Tensor &weight) {
  return grad.strides() == weight.strides() ? grad : at::empty_like(weight).copy_(grad);
}

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

// sums_by_label is [pixels, classes, C]: dy [B, C, H, W] summed over the images of each class.
template <class T> at::Tensor sums_by_label(const at::Tensor &dy, const at::Tensor &label, int64_t classes) {
  const int64_t batch = dy.size(0), channels = dy.size(1), pixels = dy.size(2) * dy.size(3);
  at::Tensor sums = at::zeros({pixels, classes, channels}, at::kFloat);
  parallel(Work::label, pixels, [&](int64_t pixel) {
    In<T>::vectors().sum_by(data<T>(dy) + pixel * batch * channels, label.const_data_ptr<int64_t>(), batch, channels,
                            sums.data_ptr<float>() + pixel * classes * channels);
  });
  return sums;
}

// LabelConv is Conv on an image with its label planes behind it, which are never made: all that they give is
// one map for each class.
struct LabelConv : torch::autograd::Function<LabelConv> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &image, const at::Tensor &label, const at::Tensor &weight,
                            const at::Tensor &bias, int64_t stride, int64_t padding, double slope) {
    check_taken(image, weight.size(0), {bias});
    const int64_t channels = image.size(1), classes = weight.size(1) - channels;
    TORCH_CHECK(classes > 0, "the weight takes ", weight.size(1), " channels, the image alone has ", channels);
    TORCH_CHECK(label.scalar_type() == at::kLong && label.dim() == 1 && label.size(0) == image.size(0), "expected one int64 label for each image");
    const at::Tensor index = label.contiguous();
    TORCH_CHECK(index.numel() == 0 || (index.min().item<int64_t>() >= 0 && index.max().item<int64_t>() < classes), "a label is outside of the ", classes, " classes");
    const at::Tensor in = pixelwise(image), image_weight = weight.narrow(1, 0, channels);
    const Convolution c = convolution_of(in, image_weight, stride, padding, false);
    Finish finish;
    // A plane of ones gives each pixel the sum of the taps that lie inside.
    const at::Tensor of_planes = weight.narrow(1, channels, classes).permute({2, 3, 1, 0}).reshape({c.taps(), classes * c.coarse.channels});
    finish.maps = at::mm(inside(c), of_planes).view({c.coarse.pixels(), classes, c.coarse.channels}).add_(bias);
    finish.index = index;
    finish.slope = slope;
    const at::Tensor y = to_coarse(c, in, image_weight, finish);
    ctx->save_for_backward({in, index, weight, y});
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    ctx->saved_data["slope"] = slope;
    return y;
  }

  static tensor_list backward(AutogradContext *ctx, tensor_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &image = saved[0], &label = saved[1], &weight = saved[2];
    check_type(image);
    const int64_t channels = image.size(1), classes = weight.size(1) - channels;
    const at::Tensor image_weight = weight.narrow(1, 0, channels);
    const Convolution c = convolution_of(image, image_weight, ctx->saved_data["stride"].toInt(), ctx->saved_data["padding"].toInt(), false);
    const at::Tensor dy = leaky_grad(saved[3], pixelwise(grads[0]), ctx->saved_data["slope"].toDouble());
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = to_fine(c, dy, image_weight, {});
    if (ctx->needs_input_grad(2) || ctx->needs_input_grad(3)) {
      const at::Tensor sums = dy.scalar_type() == at::kBFloat16 ? sums_by_label<BFloat>(dy, label, classes) : sums_by_label<float>(dy, label, classes);
      db = at::sum(sums, {0, 1});
      if (ctx->needs_input_grad(2)) {
        const at::Tensor of_image = weight_grad(c, dy, image);
        const at::Tensor of_planes = at::mm(inside(c).t(), sums.view({c.coarse.pixels(), -1}))
                                         .view({c.kernel, c.kernel, classes, c.coarse.channels}).permute({3, 2, 0, 1});
        dw = as_laid_out(at::cat({of_image, of_planes}, 1), weight);
      }
    }
    return {dx, at::Tensor(), dw, db, at::Tensor(), at::Tensor(), at::Tensor()};
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

char *cgan_label_conv(cgan_tensor image, cgan_tensor label, cgan_tensor weight, cgan_tensor bias, int64_t stride, int64_t padding, double slope, cgan_tensor *out) {
  return guarded([&] {
    *out = cgan::handle(cgan::LabelConv::apply(tensor(image), tensor(label), tensor(weight), tensor(bias), stride, padding, slope));
  });
}

char *cgan_lay_out_pixelwise(cgan_tensor self) {
  return guarded([&] {
    at::Tensor &t = tensor(self);
    t.set_data(cgan::pixelwise(t.detach()));
  });
}
