#include "registry.h"
#include "sets.h"

#include <iterator>

namespace {

struct Entry {
  const char *name;
  cgan::Support (*support)();
};

// The fastest first. The reference is last, and is only taken by name.
constexpr Entry kSets[] = {
#ifdef __x86_64__
    {"amx", cgan::amx},
    {"avx512_bf16", cgan::avx512_bf16},
    {"avx512", cgan::avx512},
    {"avx2", cgan::avx2},
#elif defined(__aarch64__)
    {"neon_bf16", cgan::neon_bf16},
    {"neon", cgan::neon},
#endif
    {"reference", cgan::reference},
};

} // namespace

int cgan_kernel_set_at(int i, cgan_kernel_set *out) {
  if (i < 0 || static_cast<size_t>(i) >= std::size(kSets)) return 0;
  const cgan::Support s = kSets[i].support();
  *out = {kSets[i].name, s.set, s.lacks, s.set != nullptr && s.set->gemm_bf16->k_step > 1};
  return 1;
}

int64_t cgan_kernel_peak(const void *set, int bf16, int64_t rounds) {
  const auto &s = *static_cast<const cgan::KernelSet *>(set);
  return (bf16 ? s.peak_bf16 : s.peak_f32)(rounds);
}
