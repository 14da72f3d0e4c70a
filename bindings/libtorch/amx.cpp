#include "kernels.h"

#include <cstring>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

// GCC 12 takes its own _mm512_undefined for a mistake.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")
#pragma GCC optimize("O3,no-math-errno")

// Products on the tile unit, which multiplies bfloat16 and sums up in float32. A float32 goes in as three
// bfloat16, which hold 8 of its 24 bits each, high to low: without the three products of the lowest parts, which
// are beyond float32's 24 bits, six products remain.

namespace cgan {
namespace {

#define WIDTH 16
#define ROUND_TO_BF16 _mm512_cvtneps_pbh
#define SQUARE_ROOT _mm512_sqrt_ps
#include "vectors.h"
#include "rowwise.h"

constexpr int64_t kUnit = 32;  // values of K in a tile's row
constexpr size_t kTile = 1024; // bytes: 16 rows of 64

// All eight tiles are full. This is no local because GCC 12 believes that 8 bytes of it are read.
alignas(64) constexpr struct {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
} kConfig;

void configure() { _tile_loadconfig(&kConfig); }
void release() { _tile_release(); }

inline __mmask16 first(int64_t n) { return n >= 16 ? 0xffff : n <= 0 ? 0 : static_cast<__mmask16>((1u << n) - 1); }

inline __m512 floats16(const float *p, int64_t n) { return _mm512_maskz_loadu_ps(first(n), p); }

// cut takes the first part, the upper half of each value's 32 bits, out of v and leaves the rest.
inline __m512i cut(__m512 &v) {
  const __m512i part = _mm512_and_si512(_mm512_castps_si512(v), _mm512_set1_epi32(0xffff0000));
  v = _mm512_sub_ps(v, _mm512_castsi512_ps(part));
  return part;
}

// along_k reads up to 32 values of one line.
template <int Parts> inline void along_k(const float *p, int64_t n, __m512i *out) {
  __m512 low = floats16(p, n), high = floats16(p + 16, n - 16);
  if (Parts == 1) {
    out[0] = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    return;
  }
  alignas(64) static constexpr uint16_t upper[32] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                                     33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
  for (int part = 0; part < Parts; part++) {
    const __m512i l = cut(low), h = cut(high);
    out[part] = _mm512_permutex2var_epi16(l, _mm512_load_si512(upper), h);
  }
}
template <int Parts> inline void along_k(const BFloat *p, int64_t n, __m512i *out) {
  out[0] = _mm512_maskz_loadu_epi16(n >= 32 ? ~0u : (1u << n) - 1, p);
}

// across_k reads up to 16 values of two lines that follow each other in K, as 16 pairs.
template <int Parts> inline void across_k(const float *p, const float *q, int64_t n, __m512i *out) {
  __m512 low = p ? floats16(p, n) : _mm512_setzero_ps(), high = q ? floats16(q, n) : _mm512_setzero_ps();
  if (Parts == 1) {
    alignas(64) static constexpr uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    out[0] = _mm512_permutexvar_epi16(_mm512_load_si512(order), (__m512i)_mm512_cvtne2ps_pbh(high, low));
    return;
  }
  for (int part = 0; part < Parts; part++) {
    const __m512i l = cut(low), h = cut(high);
    out[part] = _mm512_or_si512(_mm512_srli_epi32(l, 16), h);
  }
}
template <int Parts> inline void across_k(const BFloat *p, const BFloat *q, int64_t n, __m512i *out) {
  const __m256i zero = _mm256_setzero_si256();
  const __m512i low = _mm512_cvtepu16_epi32(p ? _mm256_maskz_loadu_epi16(first(n), p) : zero);
  const __m512i high = _mm512_cvtepu16_epi32(q ? _mm256_maskz_loadu_epi16(first(n), q) : zero);
  out[0] = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

// transpose turns 16 x 16 values of 32 bits.
inline void transpose(__m512i *r) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + 2 + j]);
      r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + 2 + j]);
    }
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 16; j += 8) {
      t[j + i] = _mm512_shuffle_i32x4(r[j + i], r[j + i + 4], 0x88);
      t[j + i + 4] = _mm512_shuffle_i32x4(r[j + i], r[j + i + 4], 0xdd);
    }
  for (int i = 0; i < 8; i++) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
  }
}

// pack fills the tiles of one operand: a left tile is 16 rows of 32 of K, a right one 16 pairs of K by 16
// columns, which is the left one's transpose in units of pairs.
template <class T, int Parts> void pack(Side side, Along along, const Lines<T> &a, char *begin, size_t stride) {
  const bool panelwise = along == Along::panel, turn = panelwise == (side == Side::left);
  const int64_t k = panelwise ? a.count : a.length, width = panelwise ? a.length : a.count;
  auto line = [&](int64_t i) { return i < a.count ? a.line[i] : nullptr; };
  auto tile = [&](int64_t panel, int64_t unit) {
    __m512i rows[Parts][16];
    for (int r = 0; r < 16; r++) {
      __m512i parts[Parts] = {};
      if (panelwise) {
        const T *p = line(unit + 2 * r), *q = line(unit + 2 * r + 1);
        across_k<Parts>(p ? p + panel : p, q ? q + panel : q, width - panel, parts);
      } else if (const T *p = line(panel + r)) {
        along_k<Parts>(p + unit, k - unit, parts);
      }
      for (int part = 0; part < Parts; part++) rows[part][r] = parts[part];
    }
    char *const out = begin + panel / kPanel * stride + unit / kUnit * Parts * kTile;
    for (int part = 0; part < Parts; part++) {
      if (turn) transpose(rows[part]);
      for (int r = 0; r < 16; r++) _mm512_store_si512(out + part * kTile + r * 64, rows[part][r]);
    }
  };
  if (panelwise) // a line is read to its end before the next ones are
    for (int64_t unit = 0; unit < k; unit += kUnit)
      for (int64_t panel = 0; panel < width; panel += kPanel) tile(panel, unit);
  else
    for (int64_t panel = 0; panel < width; panel += kPanel)
      for (int64_t unit = 0; unit < k; unit += kUnit) tile(panel, unit);
}

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

template <int Parts, int M, int N> inline void unit(const char *left, const char *right, const Layout &of_left, const Layout &of_right) {
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

template <int Parts, int M, int N>
void tiles(const Segment *segments, int64_t count, int64_t units, const Layout &of_left, const Layout &of_right, float *c, int64_t ldc, bool add) {
  const size_t ld = ldc * sizeof(float);
  const Layout l = of_left, r = of_right; // which nothing else can write to
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
    for (int64_t u = 0; u < units; u++) unit<Parts, M, N>(segments[s].left + u * l.unit, segments[s].right + u * r.unit, l, r);
  _tile_stored(0, c, ld);
  if (N > 1) _tile_stored(1, c + 16, ld);
  if (M > 1) _tile_stored(2, c + 16 * ldc, ld);
  if (M > 1 && N > 1) _tile_stored(3, c + 16 * ldc + 16, ld);
}

template <int Parts>
void block(const Segment *s, int64_t count, int64_t units, int left, int right, const Layout &of_left, const Layout &of_right, float *c, int64_t ldc, bool add) {
  const auto run = left > 1 ? right > 1 ? tiles<Parts, 2, 2> : tiles<Parts, 2, 1>
                            : right > 1 ? tiles<Parts, 1, 2> : tiles<Parts, 1, 1>;
  run(s, count, units, of_left, of_right, c, ldc, add);
}

template <class T, int Parts> constexpr Kernel<T> tile_kernel() {
  return {kUnit, Parts * kTile, 64, Parts == 1, pack<T, Parts>, pack<float, Parts>, block<Parts>, store<T>, configure, release};
}

constexpr Kernel<float> split_kernel = tile_kernel<float, 3>();
constexpr Kernel<BFloat> bf16_kernel = tile_kernel<BFloat, 1>();
constexpr Vectors<float> along_f32 = vectors<float>();
constexpr Vectors<BFloat> along_bf16 = vectors<BFloat>();
constexpr Set set = {"AMX", &split_kernel, &bf16_kernel, &along_f32, &along_bf16, adam};

// present asks the processor, and then the system for the tiles' memory in every switch of threads.
bool present() {
  if (avx512() == nullptr || !__builtin_cpu_supports("avx512bf16")) return false;
  unsigned a = 7, b = 0, c = 0, d = 0;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  const bool bf16 = d >> 22 & 1, tile = d >> 24 & 1;
  const int request = 0x1023, tile_data = 18; // ARCH_REQ_XCOMP_PERM
  return bf16 && tile && syscall(SYS_arch_prctl, request, tile_data) == 0;
}

} // namespace

const Set *amx() {
  static const bool can = present();
  return can ? &set : nullptr;
}

} // namespace cgan
