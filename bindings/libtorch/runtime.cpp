#include "guard.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

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

// glibc hands big blocks back to the system on every free, and the page faults of getting them again cost
// more than small kernels do. Here one heap for all threads keeps what it has, and grows in strides that
// huge pages back. No result changes.
char *cgan_keep_pages(void) {
  return guarded([] {
    const int stride = 1 << 30;
    for (auto [option, value] : {std::pair{M_ARENA_MAX, 1}, {M_MMAP_THRESHOLD, stride}, {M_TRIM_THRESHOLD, stride}, {M_TOP_PAD, stride}})
      TORCH_CHECK(mallopt(option, value) == 1, "mallopt refused option ", option);
    free(malloc(stride / 2)); // the heap grows now, by a stride more than this
    const uintptr_t page = 1 << 21;
    auto end = reinterpret_cast<uintptr_t>(sbrk(0)) / page * page;
    if (end > static_cast<uintptr_t>(stride)) // without huge pages it is only slower
      (void)madvise(reinterpret_cast<void *>(end - stride), stride, MADV_HUGEPAGE);
  });
}
