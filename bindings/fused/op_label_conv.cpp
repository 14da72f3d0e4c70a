#include "../libtorch/guard.h"
#include "conv_settings.h"
#include "parallel.h"

using cgan::guarded;
using cgan::tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

namespace cgan {
namespace {

// sums_by_label is [pixels, classes, C]: dy [B, C, H, W] summed over the images of each class.
template <class T>
at::Tensor sums_by_label(const KernelSet &kernels, const at::Tensor &dy, const at::Tensor &label, int64_t classes) {
  const int64_t batch = dy.size(0), channels = dy.size(1), pixels = dy.size(2) * dy.size(3);
  at::Tensor sums = at::zeros({pixels, classes, channels}, at::kFloat);
  parallel(Work::label, pixels, [&](int64_t pixel) {
    row_kernels<T>(kernels).sum_by(data<T>(dy) + pixel * batch * channels, label.const_data_ptr<int64_t>(), batch,
                                   channels, sums.data_ptr<float>() + pixel * classes * channels);
  });
  return sums;
}

// Planes are the channels of a weight that see the label's one-hot planes.
struct Planes {
  int64_t channels, classes; // of the image; of the label
  Planes(const at::Tensor &image, const at::Tensor &weight)
      : channels(image.size(1)), classes(weight.size(1) - image.size(1)) {
    TORCH_CHECK(classes > 0, "the weight takes ", weight.size(1), " channels, the image alone has ", channels);
  }
  at::Tensor image_part(const at::Tensor &weight) const { return weight.narrow(1, 0, channels); }

  // maps is [coarse pixels, classes, C]: what each class's plane of ones adds at each pixel, the sum of the taps that
  // lie on the image, with bias.
  at::Tensor maps(const Convolution &c, const at::Tensor &weight, const at::Tensor &bias) const {
    const at::Tensor taps =
        weight.narrow(1, channels, classes).permute({2, 3, 1, 0}).reshape({c.taps(), classes * c.coarse.channels});
    return at::mm(tap_mask(c), taps).view({c.coarse.pixels(), classes, c.coarse.channels}).add_(bias);
  }

  // weight_grad is the gradient of the planes' part of the weight by the sums of sums_by_label.
  at::Tensor weight_grad(const Convolution &c, const at::Tensor &sums) const {
    return at::mm(tap_mask(c).t(), sums.view({c.coarse.pixels(), -1}))
        .view({c.kernel_size, c.kernel_size, classes, c.coarse.channels})
        .permute({3, 2, 0, 1});
  }
};

at::Tensor checked_label(const at::Tensor &label, int64_t batch, int64_t classes) {
  TORCH_CHECK(label.scalar_type() == at::kLong && label.dim() == 1 && label.size(0) == batch,
              "expected one int64 label for each image");
  const at::Tensor index = label.contiguous();
  TORCH_CHECK(index.numel() == 0 || (index.min().item<int64_t>() >= 0 && index.max().item<int64_t>() < classes),
              "a label is outside of the ", classes, " classes");
  return index;
}

// LabelConv is Conv on an image whose last channels are its label's one-hot planes. They are never made: all that
// they give is one map for each class.
struct LabelConv : torch::autograd::Function<LabelConv> {
  static at::Tensor forward(AutogradContext *ctx, const at::Tensor &image, const at::Tensor &label,
                            const at::Tensor &weight, const at::Tensor &bias, const ConvSettings &settings) {
    settings.check_operands(image, weight.size(0), {bias});
    const Planes planes(image, weight);
    const at::Tensor index = checked_label(label, image.size(0), planes.classes), in = pixelwise(image),
                     image_weight = planes.image_part(weight);
    const Convolution c = settings.of(in, image_weight);
    Epilogue epilogue;
    epilogue.maps = planes.maps(c, weight, bias);
    epilogue.index = index;
    epilogue.slope = settings.slope;
    const at::Tensor y = to_coarse(c, in, image_weight, epilogue);
    ctx->save_for_backward({in, index, weight, y});
    settings.save(ctx);
    return y;
  }

  static tensor_list backward(AutogradContext *ctx, tensor_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &image = saved[0], &label = saved[1], &weight = saved[2];
    const Planes planes(image, weight);
    const at::Tensor image_weight = planes.image_part(weight);
    const ConvSettings settings(ctx);
    const Convolution c = settings.of(image, image_weight);
    const at::Tensor dy = settings.leaky_grad(saved[3], pixelwise(grads[0]));
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = settings.input_grad(image, image_weight, dy);
    if (ctx->needs_input_grad(2) || ctx->needs_input_grad(3)) {
      const at::Tensor sums = dy.scalar_type() == at::kBFloat16
                                  ? sums_by_label<BFloat>(*settings.kernels, dy, label, planes.classes)
                                  : sums_by_label<float>(*settings.kernels, dy, label, planes.classes);
      db = at::sum(sums, at::IntArrayRef({0, 1})); // libtorch 2.1 takes the bare list for names too
      if (ctx->needs_input_grad(2))
        dw = as_laid_out(at::cat({weight_grad(c, dy, image), planes.weight_grad(c, sums)}, 1), weight);
    }
    return {dx, at::Tensor(), dw, db, at::Tensor()};
  }
};

} // namespace
} // namespace cgan

char *cgan_label_conv(const cgan_conv_settings *settings, cgan_tensor image, cgan_tensor label, cgan_tensor weight,
                      cgan_tensor bias, cgan_tensor *out) {
  return guarded([&] {
    *out = cgan::handle(cgan::LabelConv::apply(tensor(image), tensor(label), tensor(weight), tensor(bias),
                                               cgan::ConvSettings(*settings)));
  });
}
