#include "guard.h"

#include <ATen/core/grad_mode.h>

using cgan::guarded;
using cgan::tensor;

static void check_size(const at::Tensor &t, size_t size) {
  TORCH_CHECK(t.nbytes() == size, "tensor holds ", t.nbytes(), " bytes, the buffer ", size);
}

char *cgan_read(cgan_tensor self, void *bytes, size_t size) {
  return guarded([&] {
    check_size(tensor(self), size);
    auto flat = tensor(self).detach().to(at::kCPU).contiguous();
    if (size > 0) std::memcpy(bytes, flat.data_ptr(), size);
  });
}

char *cgan_write(cgan_tensor self, const void *bytes, size_t size) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto &t = tensor(self);
    check_size(t, size);
    auto flat = at::empty(t.sizes(), t.options().device(at::kCPU));
    if (size > 0) std::memcpy(flat.data_ptr(), bytes, size);
    t.copy_(flat);
  });
}

char *cgan_zero_grad(cgan_tensor self) {
  return guarded([&] { tensor(self).mutable_grad() = at::Tensor(); });
}

char *cgan_backward(cgan_tensor self, cgan_tensor gradient) {
  return guarded([&] { tensor(self).backward(tensor(gradient)); });
}

char *cgan_set_data(cgan_tensor self, cgan_tensor other) {
  return guarded([&] { tensor(self).set_data(tensor(other)); });
}

char *cgan_channels_last(cgan_tensor self) {
  return guarded([&] {
    auto &t = tensor(self);
    t.set_data(t.detach().contiguous(at::MemoryFormat::ChannelsLast));
  });
}

char *cgan_nbytes(cgan_tensor self, size_t *out) {
  return guarded([&] { *out = tensor(self).nbytes(); });
}
