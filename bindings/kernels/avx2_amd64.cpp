#include "sets.h"

#include <cstring>
#include <immintrin.h>

#ifndef CGAN_EMULATE // else GCC makes its vectors of what every x86-64 has
#pragma GCC target("avx2,fma")
#endif
#pragma GCC optimize("O3,no-math-errno")

namespace cgan {
namespace {

#define WIDTH 8
#define SQUARE_ROOT _mm256_sqrt_ps
#include "simd.h"
#include "simd_rows.h"
#include "simd_gemm.h"

constexpr KernelSet set = kernel_set<Floats<BFloat>, 6, 1, 12>("avx2");

} // namespace

Support avx2() {
#ifdef CGAN_EMULATE
  return {&set, nullptr};
#endif
  const bool can = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return can ? Support{&set, nullptr} : Support{nullptr, "the processor has no AVX2 with FMA"};
}

} // namespace cgan
