// Weights that drawings have packed before.
#pragma once

#include "panels.h"

namespace cgan {

// kept is the weight as keep got it for these kernels, unless its values have changed since then: ops that change a tensor in
// place count its version up. Without panels there is none.
Panels kept(const at::Tensor &weight, const void *kernel);
void keep(const at::Tensor &weight, const void *kernel, const Panels &);

// packed_weight is pack(). A drawing keeps it, if the weight is a parameter: packing takes half of the time of one image.
template <class T, class Pack> Panels packed_weight(const Convolution &c, const at::Tensor &weight, Pack pack) {
  const void *const kernel = &gemm_kernel<T>(*c.kernels);
  const bool keeps = c.drawing && weight.is_leaf() && weight.requires_grad();
  if (keeps)
    if (const Panels before = kept(weight, kernel); before.memory.defined()) return before;
  const Panels made = pack();
  if (keeps && made.memory.storage().unsafeGetStorageImpl() != weight.storage().unsafeGetStorageImpl())
    keep(weight, kernel, made);
  return made;
}

} // namespace cgan
