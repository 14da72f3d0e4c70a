// The arithmetic of kernels.h in GCC's vectors of WIDTH floats. It is included once per instruction set, behind
// the #pragma that names the set, in a namespace of its own.

typedef float V __attribute__((vector_size(WIDTH * 4)));
typedef uint32_t U __attribute__((vector_size(WIDTH * 4)));
typedef uint16_t H __attribute__((vector_size(WIDTH * 2)));

#pragma GCC diagnostic ignored "-Wpsabi" // no vector crosses a call
#define INLINE static inline __attribute__((always_inline))

// A vector at any address.
typedef float VU __attribute__((vector_size(WIDTH * 4), aligned(4), may_alias));
typedef uint16_t HU __attribute__((vector_size(WIDTH * 2), aligned(2), may_alias));

// at reads n values, at most WIDTH, and zeros behind them.
INLINE V at(const float *p, int64_t n) {
  if (n >= WIDTH) return *(const VU *)p;
  V v{};
  for (int64_t i = 0; i < n; i++) v[i] = p[i];
  return v;
}
INLINE V at(const BFloat *p, int64_t n) {
  H h{};
  if (n >= WIDTH)
    h = *(const HU *)p;
  else
    for (int64_t i = 0; i < n; i++) h[i] = p[i].bits;
  return (V)(__builtin_convertvector(h, U) << 16);
}
INLINE void put(float *p, int64_t n, V v) {
  if (n >= WIDTH) {
    *(VU *)p = v;
    return;
  }
  for (int64_t i = 0; i < n; i++) p[i] = v[i];
}
INLINE H rounded(V v) {
#ifdef ROUND_TO_BF16
  return (H)ROUND_TO_BF16(v);
#else
  const U bits = (U)v, nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  return __builtin_convertvector(v == v ? nearest : U{} + 0x7fc0, H);
#endif
}
INLINE void put(BFloat *p, int64_t n, V v) {
  const H h = rounded(v);
  if (n >= WIDTH) {
    *(HU *)p = h;
    return;
  }
  for (int64_t i = 0; i < n; i++) p[i].bits = h[i];
}

INLINE V leaky(V v, float slope) { return v > 0 ? v : v * slope; }

// Rows of a strip of WIDTH channels, in float32, are few enough to lose nothing; strips add up in double.
const int64_t kStrip = 64;

INLINE void add(double *to, V v, int64_t n) {
  for (int64_t i = 0; i < n && i < WIDTH; i++) to[i] += v[i];
}

template <class T> void moments(const T *x, int64_t rows, int64_t channels, const float *pivot, double *sum, double *square) {
  for (int64_t begin = 0; begin < rows; begin += kStrip) {
    const int64_t end = begin + kStrip < rows ? begin + kStrip : rows;
    for (int64_t c = 0; c < channels; c += WIDTH) {
      const int64_t n = channels - c;
      const V middle = at(pivot + c, n);
      V s{}, q{};
      for (int64_t r = begin; r < end; r++) {
        const V d = at(x + r * channels + c, n) - middle;
        s += d;
        q += d * d;
      }
      add(sum + c, s, n);
      add(square + c, q, n);
    }
  }
}

template <class T> void norm(const T *x, int64_t rows, const Norm &p, T *y) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < p.channels; c += WIDTH) {
      const int64_t n = p.channels - c, i = r * p.channels + c;
      const V v = (at(x + i, n) - at(p.mean + c, n)) * at(p.scale + c, n) + at(p.shift + c, n);
      put(y + i, n, leaky(v, p.slope));
    }
}

INLINE V through(V dy, V y, float slope) { return y > 0 ? dy : dy * slope; }

template <class T>
void norm_sums(const T *x, const T *y, const T *dy, int64_t rows, const Norm &p, double *sum, double *product) {
  for (int64_t begin = 0; begin < rows; begin += kStrip) {
    const int64_t end = begin + kStrip < rows ? begin + kStrip : rows;
    for (int64_t c = 0; c < p.channels; c += WIDTH) {
      const int64_t n = p.channels - c;
      const V mean = at(p.mean + c, n);
      V s{}, q{};
      for (int64_t r = begin; r < end; r++) {
        const int64_t i = r * p.channels + c;
        const V g = through(at(dy + i, n), at(y + i, n), p.slope);
        s += g;
        q += g * (at(x + i, n) - mean);
      }
      add(sum + c, s, n);
      add(product + c, q, n);
    }
  }
}

template <class T>
void norm_grad(const T *x, const T *y, const T *dy, int64_t rows, const Norm &p, const float *a, const float *b, T *dx) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < p.channels; c += WIDTH) {
      const int64_t n = p.channels - c, i = r * p.channels + c;
      const V g = through(at(dy + i, n), at(y + i, n), p.slope);
      put(dx + i, n, (g - at(a + c, n) - (at(x + i, n) - at(p.mean + c, n)) * at(b + c, n)) * at(p.scale + c, n));
    }
}

template <class T> void sum_by(const T *x, const int64_t *index, int64_t rows, int64_t channels, float *sums) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < channels; c += WIDTH) {
      float *sum = sums + index[r] * channels + c;
      put(sum, channels - c, at(sum, channels - c) + at(x + r * channels + c, channels - c));
    }
}

template <class T> void leaky_grad(const T *y, const T *dy, int64_t count, float slope, T *dx) {
  for (int64_t i = 0; i < count; i += WIDTH) put(dx + i, count - i, through(at(dy + i, count - i), at(y + i, count - i), slope));
}

void adam(float *param, const float *grad, float *exp_avg, float *exp_avg_sq, int64_t count, const Adam &a) {
  for (int64_t i = 0; i < count; i += WIDTH) {
    const int64_t n = count - i;
    const V g = at(grad + i, n), old = at(exp_avg + i, n);
    const V m = old + (g - old) * a.rest1;
    const V v = at(exp_avg_sq + i, n) * a.beta2 + g * g * a.rest2;
    V root;
    for (int j = 0; j < WIDTH; j++) root[j] = __builtin_sqrtf(v[j]);
    put(exp_avg + i, n, m);
    put(exp_avg_sq + i, n, v);
    put(param + i, n, at(param + i, n) - a.step_size * m / (root / a.correction + a.eps));
  }
}

template <class T>
void store(const float *c, int64_t ldc, int64_t rows, int64_t cols, const Output &o, T *out, int64_t ld) {
  for (int64_t r = 0; r < rows; r++) {
    const float *bias = o.row_bias ? o.row_bias[r] : o.bias;
    for (int64_t n = 0; n < cols; n += WIDTH) {
      V v = at(c + r * ldc + n, WIDTH);
      if (o.scale) v *= at(o.scale + n, cols - n);
      if (bias) v += at(bias + n, cols - n);
      put(out + r * ld + n, cols - n, leaky(v, o.slope));
    }
  }
}

template <class T> constexpr Vectors<T> vectors() { return {moments<T>, norm<T>, norm_sums<T>, norm_grad<T>, sum_by<T>, leaky_grad<T>}; }
