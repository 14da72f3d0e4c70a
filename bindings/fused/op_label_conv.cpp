#include "convgrad.h"
#include "guard.h"
#include "kernels.h"
#include "parallel.h"

using cgan::guarded;
using cgan::tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

namespace cgan {
namespace {

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
                            const at::Tensor &bias, const Setting &setting) {
    check_taken(image, weight.size(0), {bias});
    const int64_t channels = image.size(1), classes = weight.size(1) - channels;
    TORCH_CHECK(classes > 0, "the weight takes ", weight.size(1), " channels, the image alone has ", channels);
    TORCH_CHECK(label.scalar_type() == at::kLong && label.dim() == 1 && label.size(0) == image.size(0), "expected one int64 label for each image");
    const at::Tensor index = label.contiguous();
    TORCH_CHECK(index.numel() == 0 || (index.min().item<int64_t>() >= 0 && index.max().item<int64_t>() < classes), "a label is outside of the ", classes, " classes");
    const at::Tensor in = pixelwise(image), image_weight = weight.narrow(1, 0, channels);
    const Convolution c = setting.of(in, image_weight);
    Finish finish;
    // A plane of ones gives each pixel the sum of the taps that lie inside.
    const at::Tensor of_planes = weight.narrow(1, channels, classes).permute({2, 3, 1, 0}).reshape({c.taps(), classes * c.coarse.channels});
    finish.maps = at::mm(inside(c), of_planes).view({c.coarse.pixels(), classes, c.coarse.channels}).add_(bias);
    finish.index = index;
    finish.slope = setting.slope;
    const at::Tensor y = to_coarse(c, in, image_weight, finish);
    ctx->save_for_backward({in, index, weight, y});
    setting.save(ctx);
    return y;
  }

  static tensor_list backward(AutogradContext *ctx, tensor_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &image = saved[0], &label = saved[1], &weight = saved[2];
    check_type(image);
    const int64_t channels = image.size(1), classes = weight.size(1) - channels;
    const at::Tensor image_weight = weight.narrow(1, 0, channels);
    const Setting setting = Setting::saved(ctx);
    const Convolution c = setting.of(image, image_weight);
    const at::Tensor dy = leaky_grad(saved[3], pixelwise(grads[0]), setting.slope);
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = setting.input_grad(image, image_weight, dy);
    if (ctx->needs_input_grad(2) || ctx->needs_input_grad(3)) {
      const at::Tensor sums = dy.scalar_type() == at::kBFloat16 ? sums_by_label<BFloat>(dy, label, classes) : sums_by_label<float>(dy, label, classes);
      db = at::sum(sums, at::IntArrayRef({0, 1})); // libtorch 2.1 takes the bare list for names too
      if (ctx->needs_input_grad(2)) {
        const at::Tensor of_image = weight_grad(c, dy, image);
        const at::Tensor of_planes = at::mm(inside(c).t(), sums.view({c.coarse.pixels(), -1}))
                                         .view({c.kernel, c.kernel, classes, c.coarse.channels}).permute({3, 2, 0, 1});
        dw = as_laid_out(at::cat({of_image, of_planes}, 1), weight);
      }
    }
    return {dx, at::Tensor(), dw, db, at::Tensor()};
  }
};

} // namespace
} // namespace cgan

char *cgan_label_conv(cgan_tensor image, cgan_tensor label, cgan_tensor weight, cgan_tensor bias, int64_t stride, int64_t padding, double slope, cgan_tensor *out) {
  return guarded([&] {
    const cgan::Setting setting{stride, padding, false, slope};
    *out = cgan::handle(cgan::LabelConv::apply(tensor(image), tensor(label), tensor(weight), tensor(bias), setting));
  });
}
