#include "guard.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>

using cgan::guarded;

// The path of the libtorch_cpu.so that this process runs on, which a moved program finds elsewhere than
// the build did.
char *cgan_library_path(char **out) {
  return guarded([&] {
    Dl_info info;
    auto symbol = reinterpret_cast<void *>(&at::globalContext);
    TORCH_CHECK(dladdr(symbol, &info) != 0 && info.dli_fname, "the loader does not know libtorch's path");
    *out = strdup(info.dli_fname);
  });
}

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
  return guarded([&] { *out = at::hasCUDA() ? static_cast<int>(at::detail::getCUDAHooks().getNumGPUs()) : 0; });
}
