#include "sets.h"

#include <cstring>
#include <immintrin.h>

// GCC 12 takes its own _mm512_undefined for a mistake.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#ifndef CGAN_EMULATE // else GCC makes its vectors of what every x86-64 has
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq")
#endif
#pragma GCC optimize("O3,no-math-errno")

namespace cgan {
namespace {

#define WIDTH 16
#define SQUARE_ROOT _mm512_sqrt_ps
#include "simd.h"
#include "simd_rows.h"
#include "simd_gemm.h"

constexpr KernelSet set = kernel_set<Floats<BFloat>, 8, 2, 16>("avx512");

} // namespace

Support avx512() {
#ifdef CGAN_EMULATE
  return {&set, nullptr};
#endif
  const bool can =
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return can ? Support{&set, nullptr} : Support{nullptr, "the processor has no AVX-512 with BW, VL and DQ"};
}

} // namespace cgan
