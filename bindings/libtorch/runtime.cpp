#include "guard.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <malloc.h>

using cgan::guarded;

char *cgan_set_num_threads(int threads) {
  return guarded([&] { at::set_num_threads(threads); });
}

char *cgan_get_num_threads(int *out) {
  return guarded([&] { *out = at::get_num_threads(); });
}

char *cgan_show_config(char **out) {
  return guarded([&] { *out = strdup(at::show_config().c_str()); });
}

char *cgan_cpu_capability(char **out) {
  return guarded([&] { *out = strdup(at::get_cpu_capability().c_str()); });
}

// glibc hands big blocks back to the system on every free, and the page faults of getting them
// again cost more than small kernels do. Keeping them changes no result.
char *cgan_keep_pages(void) {
  return guarded([] {
    const int limit = 1 << 30;
    TORCH_CHECK(mallopt(M_MMAP_THRESHOLD, limit) == 1, "mallopt refused M_MMAP_THRESHOLD");
    TORCH_CHECK(mallopt(M_TRIM_THRESHOLD, limit) == 1, "mallopt refused M_TRIM_THRESHOLD");
  });
}
