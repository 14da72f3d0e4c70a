// The arithmetic of kernels.h in GCC's vectors of WIDTH floats. It is included once per instruction set, after
// the #pragma that names the set, in a namespace of its own. SQUARE_ROOT is an instruction of the set, and
// ROUND_TO_BF16 is one where the set has bfloat16.

typedef float V __attribute__((vector_size(WIDTH * 4)));
typedef uint32_t U __attribute__((vector_size(WIDTH * 4)));
typedef uint16_t H __attribute__((vector_size(WIDTH * 2)));

#pragma GCC diagnostic ignored "-Wpsabi" // no vector crosses a call
#define INLINE static inline __attribute__((always_inline))

// A vector at any address.
typedef float VU __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));
typedef uint16_t HU __attribute__((vector_size(WIDTH * 2), aligned(2), may_alias));

// at reads n values, at most WIDTH, and zeros after them.
INLINE V at(const float *p, int64_t n) {
  if (n >= WIDTH) return *(const VU *)p;
  V v{};
  for (int64_t i = 0; i < n; i++) v[i] = p[i];
  return v;
}
INLINE V widened(H h) { return (V)(__builtin_convertvector(h, U) << 16); }
INLINE V at(const BFloat *p, int64_t n) {
  H h{};
  if (n >= WIDTH)
    h = *(const HU *)p;
  else
    for (int64_t i = 0; i < n; i++) h[i] = p[i].bits;
  return widened(h);
}

// rounded goes to the nearest bfloat16, to the even one in the middle; NaN stays NaN.
INLINE H rounded(V v) {
#ifdef ROUND_TO_BF16
  return (H)ROUND_TO_BF16(v);
#else
  const U bits = (U)v, nearest = bits + 0x7fff + (bits >> 16 & 1);
  return __builtin_convertvector((v == v ? nearest : bits | 0x400000) >> 16, H);
#endif
}
INLINE void put(float *p, int64_t n, V v) {
  if (n >= WIDTH) {
    *(VU *)p = v;
    return;
  }
  for (int64_t i = 0; i < n; i++) p[i] = v[i];
}
INLINE void put(BFloat *p, int64_t n, V v) {
  const H h = rounded(v);
  if (n >= WIDTH) {
    *(HU *)p = h;
    return;
  }
  for (int64_t i = 0; i < n; i++) p[i].bits = h[i];
}

INLINE V everywhere(float f) { return f - V{}; } // which keeps -0
INLINE V leaky(V v, float slope) { return v > 0 ? v : v * slope; }

// Whole is the length of a whole vector. At a call it is a constant, so that no test for the end of a row is left.
struct Whole {
  constexpr operator int64_t() const { return WIDTH; }
};

// along calls body(i, n) for each vector of count values, which begins at i and has n of them.
template <class Body> INLINE void along(int64_t count, Body body) {
  int64_t i = 0;
  for (; i + WIDTH <= count; i += WIDTH) body(i, Whole());
  if (i < count) body(i, count - i);
}

// Rows of a strip, added up in float32, are few enough to lose nothing; strips add up in double.
const int64_t kStrip = 64;

// Wide vectors of channels are taken at once: their sums stay in registers, and rows are read in whole lines.
const int kWide = 4;
template <int Count> struct Vectorized { static constexpr int count = Count; };

// strips calls body(first row, row after the last, first channel, Vectorized, n) for each strip of rows and each few vectors of channels.
template <class Body> INLINE void strips(int64_t rows, int64_t channels, Body body) {
  for (int64_t begin = 0; begin < rows; begin += kStrip) {
    const int64_t end = begin + kStrip < rows ? begin + kStrip : rows;
    int64_t c = 0;
    for (; c + kWide * WIDTH <= channels; c += kWide * WIDTH) body(begin, end, c, Vectorized<kWide>(), Whole());
    along(channels - c, [&](int64_t i, auto n) { body(begin, end, c + i, Vectorized<1>(), n); });
  }
}

typedef double D __attribute__((vector_size(WIDTH * 8), aligned(8), may_alias));

INLINE void add(double *to, V v, int64_t n) {
  if (n >= WIDTH) {
    *(D *)to += __builtin_convertvector(v, D);
    return;
  }
  for (int64_t i = 0; i < n; i++) to[i] += v[i];
}
