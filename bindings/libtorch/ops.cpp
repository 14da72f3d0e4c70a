#include "guard.h"

using cgan::guarded;
using cgan::tensor;

char *cgan_leaky_relu(cgan_tensor self, double negative_slope, cgan_tensor *out) {
  return guarded([&] { *out = cgan::handle(at::leaky_relu(tensor(self), negative_slope)); });
}

char *cgan_addcmul_(cgan_tensor self, cgan_tensor tensor1, cgan_tensor tensor2, double value) {
  return guarded([&] { tensor(self).addcmul_(tensor(tensor1), tensor(tensor2), value); });
}

char *cgan_addcdiv_(cgan_tensor self, cgan_tensor tensor1, cgan_tensor tensor2, double value) {
  return guarded([&] { tensor(self).addcdiv_(tensor(tensor1), tensor(tensor2), value); });
}
