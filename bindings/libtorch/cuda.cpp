#include "guard.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

using cgan::guarded;

// Loading libtorch_cuda.so runs its static initialisers, which register the CUDA kernels.
char *cgan_load_library(const char *path) {
  return guarded([&] {
    if (dlopen(path, RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      const char *why = dlerror();
      TORCH_CHECK(false, why ? why : "dlopen failed without a reason");
    }
  });
}

char *cgan_cuda_device_count(int *out) {
  return guarded([&] {
    *out = at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().getNumGPUs()) : 0;
  });
}
