#include "sets.h"

#include <algorithm>
#include <cstring>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

// GCC 12 takes its own _mm512_undefined for a mistake.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#ifdef CGAN_EMULATE // testdata/emulate.h has the rest
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq")
#else
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")
#endif
#pragma GCC optimize("O3,no-math-errno")

// Products on the tile unit, which multiplies bfloat16 and adds up in float32. A float32 goes in as three
// bfloat16, which hold 8 of its 24 bits each, high to low: without the three products of the lowest parts, which
// are beyond float32's 24 bits, six products remain. The unit takes denormal bfloat16 for zero, and an infinite float32
// comes out as NaN, since its lower parts are infinity minus infinity.

namespace cgan {
namespace {

#define WIDTH 16
#define ROUND_TO_BF16 _mm512_cvtneps_pbh
#define SQUARE_ROOT _mm512_sqrt_ps
#include "simd.h"
#include "simd_rows.h"

constexpr int64_t kStep = 32;  // values of K in a tile's row
constexpr size_t kTile = 1024; // bytes: 16 rows of 64

#include "amx_pack.h"

// All eight tiles are full. This is no local because GCC 12 believes that 8 bytes of it are read.
alignas(64) constexpr struct {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
} kConfig;

void configure() { _tile_loadconfig(&kConfig); }
void release() { _tile_release(); }

// Tiles 0 to 3 are sums, 4 and 5 left panels, 6 and 7 right ones.
template <int M> inline void load_left(const char *p, const Layout &l) {
  _tile_loadd(4, p, l.row);
  if (M > 1) _tile_loadd(5, p + l.panel, l.row);
}
template <int N> inline void load_right(const char *p, const Layout &l) {
  _tile_loadd(6, p, l.row);
  if (N > 1) _tile_loadd(7, p + l.panel, l.row);
}
template <int M, int N> inline void multiply() {
  _tile_dpbf16ps(0, 4, 6);
  if (N > 1) _tile_dpbf16ps(1, 4, 7);
  if (M > 1) _tile_dpbf16ps(2, 5, 6);
  if (M > 1 && N > 1) _tile_dpbf16ps(3, 5, 7);
}

template <int Parts, int M, int N>
inline void k_step(const char *left, const char *right, const Layout &of_left, const Layout &of_right) {
  load_left<M>(left, of_left);
  for (int part = Parts - 1; part >= 0; part--) { // high x low, high x middle, high x high
    load_right<N>(right + part * kTile, of_right);
    multiply<M, N>();
  }
  if (Parts == 1) return;
  load_left<M>(left + 2 * kTile, of_left); // low x high
  multiply<M, N>();
  load_left<M>(left + kTile, of_left); // middle x high, middle x middle
  multiply<M, N>();
  load_right<N>(right + kTile, of_right);
  multiply<M, N>();
}

#include "amx_store.h"

template <class Between, class T, int Parts, int M, int N>
void tiles(const PanelPair *pairs, int64_t count, int64_t k_steps, const Layout &of_left, const Layout &of_right,
           float *c, int64_t ldc, bool add, Block<T> *before) {
  const size_t ld = ldc * sizeof(float);
  const Layout l = of_left, r = of_right; // which nothing else can write to
  const int64_t rows = before != nullptr ? before->rows : 0, all = std::max<int64_t>(1, count * k_steps),
                step = (rows + all - 1) / all;
  Between between(before);
  int64_t row = 0;
  if (add) {
    _tile_loadd(0, c, ld);
    if (N > 1) _tile_loadd(1, c + 16, ld);
    if (M > 1) _tile_loadd(2, c + 16 * ldc, ld);
    if (M > 1 && N > 1) _tile_loadd(3, c + 16 * ldc + 16, ld);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t s = 0; s < count; s++)
    for (int64_t u = 0; u < k_steps; u++) {
      k_step<Parts, M, N>(pairs[s].left + u * l.step, pairs[s].right + u * r.step, l, r);
      for (int64_t end = std::min(rows, row + step); row < end; row++) between.row(row);
    }
  for (; row < rows; row++) between.row(row);
  between.end();
  _tile_stored(0, c, ld);
  if (N > 1) _tile_stored(1, c + 16, ld);
  if (M > 1) _tile_stored(2, c + 16 * ldc, ld);
  if (M > 1 && N > 1) _tile_stored(3, c + 16 * ldc + 16, ld);
}

template <class Between, class T, int Parts> constexpr auto tiles_of(int rows, int right) {
  return rows > kPanel   ? right > 1 ? tiles<Between, T, Parts, 2, 2> : tiles<Between, T, Parts, 2, 1>
            : right > 1 ? tiles<Between, T, Parts, 1, 2>
                     : tiles<Between, T, Parts, 1, 1>;
}

template <class T, int Parts> void block(const PanelPair *s, int64_t count, int64_t k_steps, int rows, int right,
                                         const Layout &of_left, const Layout &of_right, float *c, int64_t ldc, bool add,
                                         Block<T> *before) {
  const auto run =
      before != nullptr ? tiles_of<Storing<T>, T, Parts>(rows, right) : tiles_of<Nothing, T, Parts>(rows, right);
  run(s, count, k_steps, of_left, of_right, c, ldc, add, before);
}

template <class T, int Parts> constexpr GemmKernel<T> tile_kernel() {
  return {kStep,          Parts * kTile,      64,              Parts == 1,    false,
          pack<T, Parts>, pack<float, Parts>, block<T, Parts>, store_rows<T>, configure,
          release};
}

// peak takes Products of tiles for one of T. The tiles' values don't matter.
template <int Products> int64_t peak(int64_t rounds) {
  configure();
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (int64_t i = 0; i < rounds; i++) multiply<2, 2>();
  release();
  return rounds * 4 * kPanel * kPanel * kStep * 2 / Products;
}

constexpr GemmKernel<float> split_kernel = tile_kernel<float, 3>();
constexpr GemmKernel<BFloat> bf16_kernel = tile_kernel<BFloat, 1>();
constexpr RowKernels<float> rows_f32 = row_kernels<float>();
constexpr RowKernels<BFloat> rows_bf16 = row_kernels<BFloat>();
constexpr KernelSet set = {"amx", &split_kernel, &bf16_kernel, &rows_f32, &rows_bf16, adam, peak<6>, peak<1>};

// lacks asks the processor, and then the system for the tiles' memory in every switch of threads.
const char *lacks() {
  if (const char *why = avx512_bf16().lacks) return why;
#ifndef CGAN_EMULATE
  unsigned a = 7, b = 0, c = 0, d = 0;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  const bool bf16 = d >> 22 & 1, tile = d >> 24 & 1;
  if (!bf16 || !tile) return "the processor has no AMX tiles for bfloat16";
  const int request = 0x1023, tile_data = 18; // ARCH_REQ_XCOMP_PERM
  if (syscall(SYS_arch_prctl, request, tile_data) != 0) return "the system gives no memory for AMX tiles";
#endif
  return nullptr;
}

} // namespace

Support amx() {
  static const char *const why = lacks();
  return {why == nullptr ? &set : nullptr, why};
}

} // namespace cgan
