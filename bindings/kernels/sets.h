// The kernel sets of this build. A new one is a file beside these, a line here and a line in registry.cpp.
#pragma once

#include "kernels.h"

namespace cgan {

Support reference();
#ifdef __x86_64__
Support amx();
Support avx512_bf16();
Support avx512();
Support avx2();
#elif defined(__aarch64__)
Support neon_bf16();
Support neon();
#endif

} // namespace cgan
