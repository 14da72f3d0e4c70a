#include "hugepages.h"
#include "../libtorch/guard.h"

#include <c10/core/CPUAllocator.h>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

using cgan::guarded;

namespace cgan {
namespace {

// The C library hands big blocks back to the system on every free, and the page faults of getting them again cost
// more than small kernels do. CachingAllocator is the memory of big tensors, which keeps what it has, in huge pages: one
// stretch of addresses as long as the machine's memory, of which the system backs what was once in use, and never gets
// it back. The smallest free block that is big enough is taken, and free neighbours become one.
class CachingAllocator final : public c10::Allocator {
public:
  CachingAllocator() : length(static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE)) {
    void *const all = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) return;
    (void)madvise(all, length, MADV_HUGEPAGE); // where it is refused, things are only slower
    begin = static_cast<char *>(all);
    put(begin, length);
  }

  c10::DataPtr allocate(size_t bytes) const {
    return const_cast<CachingAllocator *>(this)->allocate(bytes);
  } // libtorch 2.1's
  c10::DataPtr allocate(size_t bytes) {
    void *block = bytes < kSmall || bytes > length ? nullptr : take((bytes + kLine - 1) / kLine * kLine);
    if (block == nullptr) block = c10::GetDefaultCPUAllocator()->raw_allocate(bytes);
    return {block, block, release, at::kCPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return release; }
  void copy_data(void *to, const void *from, size_t bytes) const { memcpy(to, from, bytes); } // newer than libtorch 2.1

  static CachingAllocator &instance() {
    static CachingAllocator &kept = *new CachingAllocator; // never destroyed: tensors may outlive it
    return kept;
  }

private:
  static constexpr size_t kSmall = 1 << 15; // the C library keeps less than that anyway
  static constexpr size_t kLine = 64;

  char *begin = nullptr;
  size_t length;
  std::mutex lock;
  std::map<char *, size_t> unused, used;
  std::set<std::pair<size_t, char *>> by_size; // of unused

  void put(char *block, size_t size) {
    unused[block] = size;
    by_size.insert({size, block});
  }
  void drop(std::map<char *, size_t>::iterator block) {
    by_size.erase({block->second, block->first});
    unused.erase(block);
  }

  // take gives a block of so many bytes, or null.
  char *take(size_t size) {
    const std::lock_guard<std::mutex> locked(lock);
    const auto fits = by_size.lower_bound({size, nullptr});
    if (fits == by_size.end()) return nullptr;
    const auto [all, block] = *fits;
    drop(unused.find(block));
    if (all > size) put(block + size, all - size);
    used[block] = size;
    return block;
  }

  void give(char *block) {
    const std::lock_guard<std::mutex> locked(lock);
    const auto held = used.find(block);
    size_t size = held->second;
    used.erase(held);
    const auto next = unused.find(block + size);
    if (next != unused.end()) {
      size += next->second;
      drop(next);
    }
    const auto after = unused.lower_bound(block);
    if (after != unused.begin()) {
      const auto before = std::prev(after);
      if (before->first + before->second == block) {
        block = before->first;
        size += before->second;
        drop(before);
      }
    }
    put(block, size);
  }

  static void release(void *data) {
    CachingAllocator &a = instance();
    char *const block = static_cast<char *>(data);
    if (a.begin != nullptr && block >= a.begin && block < a.begin + a.length)
      a.give(block);
    else
      c10::GetDefaultCPUAllocator()->raw_deallocate(data);
  }
};

} // namespace
} // namespace cgan

// No result changes: blocks begin at a line of 64 bytes, as libtorch's own do.
char *cgan_use_huge_pages(void) {
  return guarded([] {
    static std::once_flag begun; // libtorch's setter is not safe for concurrent use
    std::call_once(begun, [] { c10::SetCPUAllocator(&cgan::CachingAllocator::instance(), 1); });
  });
}
