// Instructions that a machine may lack, as plain C++, so that the tests run the sources that use them. It is included
// before such a source (-include), which it gives another name: see kernels_test.go.
#pragma once

#pragma GCC diagnostic ignored "-Wpsabi"
#define EMULATED inline __attribute__((always_inline)) // a call would pass vectors as a lesser processor does

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <immintrin.h>

namespace emulated {

[[noreturn]] inline void stop(const char *why) {
  fprintf(stderr, "emulated instruction: %s\n", why);
  abort();
}

template <class V> EMULATED V square_root(V v) {
  for (unsigned i = 0; i < sizeof(V) / sizeof(float); i++) v[i] = std::sqrt(v[i]);
  return v;
}

inline float of_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}
inline uint32_t bits_of(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  return bits;
}

// flushed is f, or a zero of its sign where it is denormal: the bfloat16 instructions read and write no denormals.
inline float flushed(float f) { return std::fpclassify(f) == FP_SUBNORMAL ? std::copysign(0.0f, f) : f; }

// to_bf16 is VCVTNEPS2BF16: to the nearest, to even in the middle, NaN stays NaN.
inline uint16_t to_bf16(float f) {
  f = flushed(f);
  const uint32_t bits = bits_of(f);
  if (std::isnan(f)) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

EMULATED __m256i cvtneps_pbh(__m512 v) {
  uint16_t out[16];
  for (int i = 0; i < 16; i++) out[i] = to_bf16(v[i]);
  __m256i result;
  memcpy(&result, out, sizeof result);
  return result;
}
EMULATED __m512i cvtne2ps_pbh(__m512 high, __m512 low) {
  uint16_t out[32];
  for (int i = 0; i < 16; i++) out[i] = to_bf16(low[i]), out[16 + i] = to_bf16(high[i]);
  __m512i result;
  memcpy(&result, out, sizeof result);
  return result;
}

inline float bf16(const void *at) {
  uint16_t v;
  memcpy(&v, at, sizeof v);
  return flushed(of_bits(static_cast<uint32_t>(v) << 16));
}

// dpbf16_ps is VDPBF16PS: the later product of a pair is added first.
template <class Pairs> EMULATED __m512 dpbf16_ps(__m512 sum, Pairs a, Pairs b) {
  for (int i = 0; i < 16; i++)
    for (int late = 1; late >= 0; late--) {
      const int at = 4 * i + 2 * late;
      sum[i] = flushed(std::fma(bf16(reinterpret_cast<char *>(&a) + at), bf16(reinterpret_cast<char *>(&b) + at),
                                flushed(sum[i])));
    }
  return sum;
}

// Tiles are a thread's AMX tiles.
struct Tiles {
  bool configured = false;
  uint8_t rows[8];
  uint16_t row_bytes[8];
  alignas(64) uint8_t data[8][16][64];

  ~Tiles() {
    if (configured) stop("tiles are never released");
  }
  void configure(const void *config) {
    const auto *c = static_cast<const uint8_t *>(config);
    if (configured) stop("tiles are configured that were not released");
    if (c[0] != 1) stop("palette of tiles is not 1");
    for (int t = 0; t < 8; t++) {
      memcpy(&row_bytes[t], c + 16 + 2 * t, 2);
      rows[t] = c[48 + t];
      if (rows[t] > 16 || row_bytes[t] > 64) stop("a tile is larger than 16 rows of 64 bytes");
    }
    memset(data, 0xff, sizeof data); // NaN, until something is loaded
    configured = true;
  }
  void check(int t) const {
    if (!configured) stop("tiles are used without a configuration");
    if (t < 0 || t > 7 || rows[t] == 0) stop("a tile is used that is not configured");
  }
  void zero(int t) {
    check(t);
    memset(data[t], 0, sizeof data[t]);
  }
  void load(int t, const void *from, size_t stride) {
    zero(t);
    for (int r = 0; r < rows[t]; r++) memcpy(data[t][r], static_cast<const char *>(from) + r * stride, row_bytes[t]);
  }
  void store(int t, void *to, size_t stride) const {
    check(t);
    for (int r = 0; r < rows[t]; r++) memcpy(static_cast<char *>(to) + r * stride, data[t][r], row_bytes[t]);
  }
  float at(int t, int row, int i) const { return bf16(data[t][row] + 2 * i); }
  // multiply is TDPBF16PS: the even and the odd products of a pair are added up on their own, then together.
  void multiply(int c, int a, int b) {
    check(c), check(a), check(b);
    if (rows[a] != rows[c] || row_bytes[b] != row_bytes[c] || rows[b] * 4 != row_bytes[a])
      stop("the tiles of a product do not fit");
    for (int m = 0; m < rows[c]; m++)
      for (int n = 0; n < row_bytes[c] / 4; n++) {
        float even = 0, odd = 0, sum;
        for (int k = 0; k < row_bytes[a] / 4; k++) {
          even = flushed(std::fma(at(a, m, 2 * k), at(b, k, 2 * n), even));
          odd = flushed(std::fma(at(a, m, 2 * k + 1), at(b, k, 2 * n + 1), odd));
        }
        memcpy(&sum, data[c][m] + 4 * n, 4);
        sum = flushed(flushed(sum) + flushed(even + odd));
        memcpy(data[c][m] + 4 * n, &sum, 4);
      }
  }
};

inline thread_local Tiles tiles;

} // namespace emulated

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbf16ps
#define _tile_loadconfig(config) emulated::tiles.configure(config)
#define _tile_release() (emulated::tiles.configured = false)
#define _tile_loadd(t, from, stride) emulated::tiles.load(t, from, stride)
#define _tile_stored(t, to, stride) emulated::tiles.store(t, to, stride)
#define _tile_zero(t) emulated::tiles.zero(t)
#define _tile_dpbf16ps(c, a, b) emulated::tiles.multiply(c, a, b)
#define _mm512_dpbf16_ps emulated::dpbf16_ps
#define _mm512_cvtneps_pbh emulated::cvtneps_pbh
#define _mm512_cvtne2ps_pbh emulated::cvtne2ps_pbh
#define _mm512_sqrt_ps emulated::square_root
#define _mm256_sqrt_ps emulated::square_root
