#include "../kernels/kernels.h"
#include "../libtorch/guard.h"
#include "fused.h"
#include "parallel.h"

#include <cmath>
#include <vector>

using cgan::guarded;
using cgan::tensor;

namespace cgan {
namespace {

// laid_out_as gives t the memory order of like.
void laid_out_as(at::Tensor &t, const at::Tensor &like) {
  if (t.strides() != like.strides()) t.set_data(at::empty_like(like).copy_(t));
}

// Part is a stretch of one parameter that one thread moves.
struct Part {
  float *param, *exp_avg, *exp_avg_sq;
  const float *grad;
  int64_t count;
  Adam adam;
};

Adam adam_of(const cgan_adam_settings &s, int64_t step) {
  return {static_cast<float>(1 - s.beta1),
          static_cast<float>(s.beta2),
          static_cast<float>(1 - s.beta2),
          static_cast<float>(s.eps),
          static_cast<float>(s.lr / (1 - std::pow(s.beta1, step))),
          static_cast<float>(std::sqrt(1 - std::pow(s.beta2, step)))};
}

void check(const at::Tensor &param, const at::Tensor &exp_avg, const at::Tensor &exp_avg_sq) {
  TORCH_CHECK(param.is_cpu() && param.scalar_type() == at::kFloat && param.is_non_overlapping_and_dense(),
              "Adam moves dense float32 parameters on the CPU");
  for (const at::Tensor *mean : {&exp_avg, &exp_avg_sq})
    TORCH_CHECK(mean->is_cpu() && mean->scalar_type() == at::kFloat, "Adam's means are float32 on the CPU");
  TORCH_CHECK(exp_avg.sizes() == param.sizes() && exp_avg_sq.sizes() == param.sizes(), "means of ", exp_avg.sizes(),
              " and ", exp_avg_sq.sizes(), " don't fit a parameter of ", param.sizes());
}

} // namespace
} // namespace cgan

char *cgan_adam(const void *kernels, const cgan_adam_settings *settings, int count, const cgan_tensor *params,
                const cgan_tensor *exp_avgs, const cgan_tensor *exp_avg_sqs, const int64_t *steps) {
  return guarded([&] {
    const auto *const set = static_cast<const cgan::KernelSet *>(kernels);
    TORCH_CHECK(set != nullptr, "fused Adam needs a kernel set: this machine has none, or none is given");
    const int64_t stretch = 1 << 15;
    std::vector<cgan::Part> parts;
    std::vector<at::Tensor> grads;
    for (int i = 0; i < count; i++) {
      at::Tensor param = tensor(params[i]).detach(), &exp_avg = tensor(exp_avgs[i]),
                 &exp_avg_sq = tensor(exp_avg_sqs[i]);
      TORCH_CHECK(tensor(params[i]).grad().defined(), "a parameter has no gradient");
      cgan::check(param, exp_avg, exp_avg_sq);
      grads.push_back(tensor(params[i]).grad());
      cgan::laid_out_as(grads.back(), param);
      cgan::laid_out_as(exp_avg, param);
      cgan::laid_out_as(exp_avg_sq, param);
      const cgan::Adam adam = cgan::adam_of(*settings, steps[i]);
      for (int64_t from = 0; from < param.numel(); from += stretch)
        parts.push_back({param.data_ptr<float>() + from, exp_avg.data_ptr<float>() + from,
                         exp_avg_sq.data_ptr<float>() + from, grads.back().data_ptr<float>() + from,
                         std::min(stretch, param.numel() - from), adam});
    }
    cgan::parallel(cgan::Work::adam, parts.size(), [&](int64_t i) {
      const cgan::Part &p = parts[i];
      set->adam(p.param, p.grad, p.exp_avg, p.exp_avg_sq, p.count, p.adam);
    });
    for (int i = 0; i < count; i++) tensor(params[i]).unsafeGetTensorImpl()->bump_version();
  });
}
