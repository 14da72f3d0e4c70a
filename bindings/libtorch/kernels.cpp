#include "kernels.h"
#include "guard.h"

#include <atomic>

namespace cgan {
namespace {
std::atomic<const Set *> in_use{nullptr};
}
const Set *chosen() { return in_use; }
} // namespace cgan

using cgan::guarded;

char *cgan_choose_kernels(int tiles, int wide, char **out) {
  return guarded([&] {
    const cgan::Set *best = tiles ? cgan::amx() : nullptr;
    if (best == nullptr && wide) best = cgan::avx512();
    if (best == nullptr) best = cgan::avx2();
    cgan::in_use = best;
    *out = strdup(best == nullptr ? "" : best->name);
  });
}
