#include "guard.h"

#include <ATen/core/grad_mode.h>

using cgan::guarded;
using cgan::tensor;

char *cgan_leaky_relu(cgan_tensor self, double negative_slope, cgan_tensor *out) {
  return guarded([&] { *out = cgan::handle(at::leaky_relu(tensor(self), negative_slope)); });
}

char *cgan_elu(cgan_tensor self, double alpha, cgan_tensor *out) {
  return guarded([&] { *out = cgan::handle(at::elu(tensor(self), alpha)); });
}

char *cgan_addcmul_(cgan_tensor self, cgan_tensor tensor1, cgan_tensor tensor2, double value) {
  return guarded([&] { tensor(self).addcmul_(tensor(tensor1), tensor(tensor2), value); });
}

char *cgan_addcdiv_(cgan_tensor self, cgan_tensor tensor1, cgan_tensor tensor2, double value) {
  return guarded([&] { tensor(self).addcdiv_(tensor(tensor1), tensor(tensor2), value); });
}

// torch.optim.Adam(fused=True) on CUDA, where steps holds one float32 for each parameter. All have gradients.
char *cgan_fused_adam_(size_t count, const cgan_tensor *params, const cgan_tensor *exp_avgs,
                       const cgan_tensor *exp_avg_sqs, const cgan_tensor *steps, cgan_tensor lr, double beta1,
                       double beta2, double eps) {
  return guarded([&] {
    c10::AutoGradMode no_grad(false);
    std::vector<at::Tensor> param, grad, exp_avg, exp_avg_sq, step;
    for (size_t i = 0; i < count; i++) {
      param.push_back(tensor(params[i]));
      grad.push_back(param[i].grad());
      if (grad[i].strides() != param[i].strides()) grad[i] = at::empty_like(param[i]).copy_(grad[i]);
      exp_avg.push_back(tensor(exp_avgs[i]));
      exp_avg_sq.push_back(tensor(exp_avg_sqs[i]));
      step.push_back(tensor(steps[i]));
    }
    at::_foreach_add_(step, 1);
    at::_fused_adam_(param, grad, exp_avg, exp_avg_sq, {}, step, tensor(lr), beta1, beta2, /*weight_decay=*/0, eps,
                     /*amsgrad=*/false, /*maximize=*/false);
  });
}

// torch.optim.Adam's multi-tensor form, which PyTorch takes on CUDA, op for op. All have gradients.
char *cgan_foreach_adam_(size_t count, const cgan_tensor *params, const cgan_tensor *exp_avgs,
                         const cgan_tensor *exp_avg_sqs, const double *step_sizes, const double *bias_corrections2_sqrt,
                         double beta1, double beta2, double eps) {
  return guarded([&] {
    c10::AutoGradMode no_grad(false);
    std::vector<at::Tensor> param, grad, exp_avg, exp_avg_sq;
    std::vector<at::Scalar> step_size, correction;
    for (size_t i = 0; i < count; i++) {
      param.push_back(tensor(params[i]));
      grad.push_back(tensor(params[i]).grad());
      exp_avg.push_back(tensor(exp_avgs[i]));
      exp_avg_sq.push_back(tensor(exp_avg_sqs[i]));
      step_size.emplace_back(step_sizes[i]);
      correction.emplace_back(bias_corrections2_sqrt[i]);
    }
    at::_foreach_lerp_(exp_avg, grad, 1 - beta1);
    at::_foreach_mul_(exp_avg_sq, beta2);
    at::_foreach_addcmul_(exp_avg_sq, grad, grad, 1 - beta2);
    auto denom = at::_foreach_sqrt(exp_avg_sq);
    at::_foreach_div_(denom, correction);
    at::_foreach_add_(denom, eps);
    at::_foreach_addcdiv_(param, exp_avg, denom, step_size);
  });
}

// torch._foreach_lerp_, without gradients.
char *cgan_foreach_lerp_(size_t count, const cgan_tensor *self, const cgan_tensor *end, double weight) {
  return guarded([&] {
    c10::AutoGradMode no_grad(false);
    std::vector<at::Tensor> from, to;
    for (size_t i = 0; i < count; i++) {
      from.push_back(tensor(self[i]));
      to.push_back(tensor(end[i]));
    }
    at::_foreach_lerp_(from, to, weight);
    for (const at::Tensor &t : from) t.unsafeGetTensorImpl()->bump_version(); // not every form of the op does
  });
}
