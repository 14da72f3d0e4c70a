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

constexpr GemmKernel<float> gemm_f32 = gemm<Floats<float>, float, 4, 1>();
constexpr GemmKernel<BFloat> gemm_bf16 = gemm<Floats<BFloat>, BFloat, 4, 1>();
constexpr RowKernels<float> rows_f32 = row_kernels<float>();
constexpr RowKernels<BFloat> rows_bf16 = row_kernels<BFloat>();
constexpr KernelSet set = {"neon",     &gemm_f32, &gemm_bf16,              &rows_f32,
                           &rows_bf16, adam,      peak<Floats<float>, 16>, peak<Floats<BFloat>, 16>};

} // namespace

Support neon() { return {&set, nullptr}; } // every 64-bit Arm has it

} // namespace cgan
