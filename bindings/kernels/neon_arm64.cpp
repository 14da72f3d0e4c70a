#include "sets.h"

#include <arm_neon.h>
#include <cstring>

#pragma GCC optimize("O3,no-math-errno")

namespace cgan {
namespace {

#define WIDTH 4
#define SQUARE_ROOT vsqrtq_f32
#include "simd.h"
#include "simd_rows.h"
#include "simd_gemm.h"

constexpr KernelSet set = kernel_set<Floats<BFloat>, 4, 1, 16>("neon");

} // namespace

Support neon() { return {&set, nullptr}; } // every 64-bit Arm has it

} // namespace cgan
