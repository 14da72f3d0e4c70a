#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

namespace {

// Before main, libtorch registers its ops: 50 MB in small blocks, whose page faults are a tenth of all the time from
// a command to its first picture. heap asks for huge pages for the C library's heap before that. The system takes such
// advice for mapped addresses only, so the heap first grows. The new part is not written to: the system backs an
// address with memory when it is first used, and what libtorch does not use costs nothing.
void heap() {
  constexpr size_t kBlock = 30 << 20; // bytes; the C library maps what is above 32 MB, whatever was freed
  void *volatile block = malloc(kBlock + (1 << 20));
  free(block); // from now on, as after any big block that was freed, such blocks come from the heap and stay in it
  void *volatile first = malloc(kBlock);
  void *volatile second = malloc(kBlock);
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)), begin = reinterpret_cast<uintptr_t>(first),
             end = reinterpret_cast<uintptr_t>(second) + kBlock;
  if (first != nullptr && second != nullptr && begin < end &&
      end - begin < 2 * kBlock + page) { // else they are no neighbours, and no memory of ours is between
    const auto from = (begin + page - 1) / page * page;
    (void)madvise(reinterpret_cast<void *>(from), end / page * page - from, MADV_HUGEPAGE); // a refusal only costs time
  }
  free(second);
  free(first);
}

// The constructors of shared libraries run before those of the program, and after this.
[[gnu::section(".preinit_array"), gnu::used]] void (*const run)() = heap;

} // namespace
