#include "sets.h"

#include <cstring>
#include <immintrin.h>

// GCC 12 takes its own _mm512_undefined for a mistake.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#ifndef CGAN_EMULATE // else GCC makes its vectors of what every x86-64 has
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")
#endif
#pragma GCC optimize("O3,no-math-errno")

namespace cgan {
namespace {

#define WIDTH 16
#define SQUARE_ROOT _mm512_sqrt_ps
#define ROUND_TO_BF16 _mm512_cvtneps_pbh
#define DOT_BF16(sum, left, right) _mm512_dpbf16_ps(sum, (__m512bh)(left), (__m512bh)(right))
#include "simd.h"
#include "simd_rows.h"
#include "simd_gemm.h"

constexpr KernelSet set = kernel_set<Pairs, 8, 2, 16>("avx512_bf16");

} // namespace

Support avx512_bf16() {
#ifdef CGAN_EMULATE
  return {&set, nullptr};
#endif
  if (const char *why = avx512().lacks) return {nullptr, why};
  return __builtin_cpu_supports("avx512bf16") ? Support{&set, nullptr} : Support{nullptr, "the processor has no AVX-512 BF16"};
}

} // namespace cgan
