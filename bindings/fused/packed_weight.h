// Packed weights that are used again.
#pragma once

#include "panels.h"

namespace cgan {

// find_packed is the weight as store_packed got it for these kernels and the same index along K, unless its values have changed since then:
// ops that change a tensor in place count its version up. Without memory there is none.
Panels find_packed(const at::Tensor &weight, const void *kernel, Contiguous);
void store_packed(const at::Tensor &weight, const void *kernel, Contiguous, const Panels &);

// packed_weight is pack(). Without gradients that of a parameter is stored: packing takes half of the time of one image.
template <class T, class Pack>
Panels packed_weight(const Convolution &c, const at::Tensor &weight, Contiguous contiguous, Pack pack) {
  const void *const kernel = &gemm_kernel<T>(*c.kernels);
  const bool stores = c.no_grad && weight.is_leaf() && weight.requires_grad();
  if (stores)
    if (const Panels before = find_packed(weight, kernel, contiguous); before.memory.defined()) return before;
  const Panels made = pack();
  if (stores && made.memory.storage().unsafeGetStorageImpl() != weight.storage().unsafeGetStorageImpl())
    store_packed(weight, kernel, contiguous, made);
  return made;
}

} // namespace cgan
