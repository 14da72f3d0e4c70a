#include "guard.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/grad_mode.h>
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

char *cgan_grad_enabled(int *out) {
  return guarded([&] { *out = at::GradMode::is_enabled(); });
}

// glibc hands big blocks back to the system on every free, and the page faults of getting them again cost
// more than small kernels do. Here the heap keeps what it has, and grows in strides that huge pages back.
// No result changes, and what the system refuses only makes it slower.
char *cgan_keep_pages(void) {
  return guarded([] {
    const int stride = 1 << 30;
    mallopt(M_ARENA_MAX, 1); // one heap serves all threads: the settings below reach no other
    if (mallopt(M_MMAP_THRESHOLD, stride) == 0) mallopt(M_MMAP_THRESHOLD, 32 << 20); // the limit of older glibc
    mallopt(M_TRIM_THRESHOLD, stride);
    mallopt(M_TOP_PAD, stride);
    void *volatile grow = malloc(1 << 20); // volatile: the compiler would drop the pair
    free(grow);
    const uintptr_t page = 1 << 21;
    auto begin = (reinterpret_cast<uintptr_t>(grow) + page - 1) / page * page;
    auto end = reinterpret_cast<uintptr_t>(sbrk(0)) / page * page;
    if (grow != nullptr && begin < end && end - begin <= 2u * stride)
      (void)madvise(reinterpret_cast<void *>(begin), end - begin, MADV_HUGEPAGE);
  });
}
