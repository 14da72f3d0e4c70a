// How every function of the shim keeps its contract.
#pragma once

#if defined(__has_include)
#if !__has_include(<torch/types.h>)
#error "libtorch is not prepared: run `make` (or `go run ./cmd/libtorch`) in the checkout first"
#endif
#endif

#include "shim.h"

#include <ATen/ATen.h>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace cgan {

inline at::Tensor &tensor(cgan_tensor handle) {
  TORCH_CHECK(handle != nullptr, "tensor is freed or was never made");
  return *static_cast<at::Tensor *>(handle);
}

inline cgan_tensor handle(at::Tensor value) { return new at::Tensor(std::move(value)); }

// copied is a text for the caller to free. Without memory for it, an error must not read as success: the process ends.
inline char *copied(const char *text) noexcept {
  char *const copy = strdup(text);
  if (copy == nullptr) std::abort();
  return copy;
}

// guarded runs body and turns any exception into the error text of the contract.
template <class Body> char *guarded(Body &&body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const c10::Error &e) {
    return copied(e.what_without_backtrace());
  } catch (const std::exception &e) {
    return copied(e.what());
  } catch (...) {
    return copied("an exception of unknown type");
  }
}

} // namespace cgan
