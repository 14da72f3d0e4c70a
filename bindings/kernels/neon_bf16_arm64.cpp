#include "sets.h"

#if defined(__clang__) && !defined(__ARM_FEATURE_BF16)
// Clang takes no instructions from a pragma: without -march they are not there.
cgan::Support cgan::neon_bf16() { return {nullptr, "clang compiled it without BF16"}; }
#else

#ifdef __APPLE__
#include <sys/sysctl.h>
#else
#include <sys/auxv.h>
#endif

#pragma GCC target("arch=armv8.2-a+bf16")
#include <arm_neon.h>
#include <cstring>

#pragma GCC optimize("O3,no-math-errno")

namespace cgan {
namespace {

#define WIDTH 4
#define SQUARE_ROOT vsqrtq_f32
#define ROUND_TO_BF16 vcvt_bf16_f32
#define DOT_BF16(sum, left, right) vbfdotq_f32(sum, (bfloat16x8_t)(left), (bfloat16x8_t)(right))
#include "simd.h"
#include "simd_rows.h"
#include "simd_gemm.h"

constexpr KernelSet set = kernel_set<Pairs, 4, 1, 16>("neon_bf16");

bool has_bf16() {
#ifdef __APPLE__
  int has = 0;
  size_t size = sizeof has;
  return sysctlbyname("hw.optional.arm.FEAT_BF16", &has, &size, nullptr, 0) == 0 && has != 0;
#else
  return getauxval(AT_HWCAP2) >> 14 & 1; // HWCAP2_BF16
#endif
}

} // namespace

Support neon_bf16() { return has_bf16() ? Support{&set, nullptr} : Support{nullptr, "the processor has no BF16 of Armv8.6"}; }

} // namespace cgan

#endif
