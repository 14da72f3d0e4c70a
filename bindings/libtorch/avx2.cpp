#include "kernels.h"

#include <cstring>
#include <immintrin.h>

#pragma GCC target("avx2,fma")
#pragma GCC optimize("O3,no-math-errno")

namespace cgan {
namespace {

#define WIDTH 8
#define SQUARE_ROOT _mm256_sqrt_ps
#include "vectors.h"
#include "rowwise.h"
#include "products.h"

constexpr Kernel<float> kernel = floats<4, 1>();
constexpr Vectors<float> along_f32 = vectors<float>();
constexpr Set set = {"AVX2", &kernel, nullptr, &along_f32, nullptr, adam};

} // namespace

const Set *avx2() {
  static const bool can = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return can ? &set : nullptr;
}

} // namespace cgan
