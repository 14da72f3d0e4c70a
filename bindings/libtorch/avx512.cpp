#include "kernels.h"

#include <cstring>
#include <immintrin.h>

// GCC 12 takes its own _mm512_undefined for a mistake.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq")
#pragma GCC optimize("O3,no-math-errno")

namespace cgan {
namespace {

#define WIDTH 16
#define SQUARE_ROOT _mm512_sqrt_ps
#include "vectors.h"
#include "rowwise.h"
#include "products.h"

constexpr Kernel<float> kernel = floats<8, 2>();
constexpr Vectors<float> along_f32 = vectors<float>();
constexpr Set set = {"AVX-512", &kernel, nullptr, &along_f32, nullptr, adam};

} // namespace

const Set *avx512() {
  static const bool can = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return can ? &set : nullptr;
}

} // namespace cgan
