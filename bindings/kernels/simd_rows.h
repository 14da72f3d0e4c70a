// The arithmetic of kernels.h along rows, included after simd.h in the same way.

template <class T>
void moments(const T *x, int64_t rows, int64_t channels, const float *pivot, double *sum, double *square) {
  strips(rows, channels, [&](int64_t begin, int64_t end, int64_t c, auto vectors, auto n) {
    constexpr int count = decltype(vectors)::count;
    V middle[count], s[count] = {}, q[count] = {};
    for (int i = 0; i < count; i++) middle[i] = at(pivot + c + i * WIDTH, n);
    for (int64_t r = begin; r < end; r++)
      for (int i = 0; i < count; i++) {
        const V d = at(x + r * channels + c + i * WIDTH, n) - middle[i];
        s[i] += d;
        q[i] += d * d;
      }
    for (int i = 0; i < count; i++) {
      add(sum + c + i * WIDTH, s[i], n);
      add(square + c + i * WIDTH, q[i], n);
    }
  });
}

// ByChannel is a Norm's values for a few vectors of channels.
template <int Count> struct ByChannel {
  V mean[Count], scale[Count], shift[Count];
  template <class N> __attribute__((always_inline)) ByChannel(const Norm &p, int64_t c, N n) {
    for (int i = 0; i < Count; i++) {
      mean[i] = at(p.mean + c + i * WIDTH, n);
      scale[i] = at(p.scale + c + i * WIDTH, n);
      shift[i] = at(p.shift + c + i * WIDTH, n);
    }
  }
  __attribute__((always_inline)) V normed(int i, V x) const { return (x - mean[i]) * scale[i] + shift[i]; }
};

template <class T> void norm(const T *x, int64_t rows, const Norm &p, T *y) {
  strips(rows, p.channels, [&](int64_t begin, int64_t end, int64_t c, auto vectors, auto n) {
    constexpr int count = decltype(vectors)::count;
    const ByChannel<count> by(p, c, n);
    for (int64_t r = begin; r < end; r++)
      for (int i = 0; i < count; i++) {
        const int64_t to = r * p.channels + c + i * WIDTH;
        put(y + to, n, leaky(by.normed(i, at(x + to, n)), p.slope));
      }
  });
}

INLINE V through(V dy, V y, float slope) { return y > 0 ? dy : dy * slope; }

template <class T> void norm_sums(const T *x, const T *dy, int64_t rows, const Norm &p, double *sum, double *product) {
  strips(rows, p.channels, [&](int64_t begin, int64_t end, int64_t c, auto vectors, auto n) {
    constexpr int count = decltype(vectors)::count;
    const ByChannel<count> by(p, c, n);
    V s[count] = {}, q[count] = {};
    for (int64_t r = begin; r < end; r++)
      for (int i = 0; i < count; i++) {
        const int64_t from = r * p.channels + c + i * WIDTH;
        const V v = at(x + from, n), g = through(at(dy + from, n), by.normed(i, v), p.slope);
        s[i] += g;
        q[i] += g * (v - by.mean[i]);
      }
    for (int i = 0; i < count; i++) {
      add(sum + c + i * WIDTH, s[i], n);
      add(product + c + i * WIDTH, q[i], n);
    }
  });
}

template <class T>
void norm_grad(const T *x, const T *dy, int64_t rows, const Norm &p, const float *a, const float *b, T *dx) {
  strips(rows, p.channels, [&](int64_t begin, int64_t end, int64_t c, auto vectors, auto n) {
    constexpr int count = decltype(vectors)::count;
    const ByChannel<count> by(p, c, n);
    V minus[count], times[count];
    for (int i = 0; i < count; i++) {
      minus[i] = at(a + c + i * WIDTH, n);
      times[i] = at(b + c + i * WIDTH, n);
    }
    for (int64_t r = begin; r < end; r++)
      for (int i = 0; i < count; i++) {
        const int64_t to = r * p.channels + c + i * WIDTH;
        const V v = at(x + to, n), g = through(at(dy + to, n), by.normed(i, v), p.slope);
        put(dx + to, n, (g - minus[i] - (v - by.mean[i]) * times[i]) * by.scale[i]);
      }
  });
}

template <class T> void sum_by(const T *x, const int64_t *index, int64_t rows, int64_t channels, float *sums) {
  for (int64_t r = 0; r < rows; r++)
    along(channels, [&](int64_t c, auto n) {
      float *sum = sums + index[r] * channels + c;
      put(sum, n, at(sum, n) + at(x + r * channels + c, n));
    });
}

template <class T> void leaky_relu(const float *x, int64_t count, float slope, T *y) {
  along(count, [&](int64_t i, auto n) { put(y + i, n, leaky(at(x + i, n), slope)); });
}

template <class T> void leaky_grad(const T *y, const T *dy, int64_t count, float slope, T *dx) {
  along(count, [&](int64_t i, auto n) { put(dx + i, n, through(at(dy + i, n), at(y + i, n), slope)); });
}

void adam(float *param, const float *grad, float *exp_avg, float *exp_avg_sq, int64_t count, const Adam &a) {
  const float correct = 1 / a.correction;
  along(count, [&](int64_t i, auto n) {
    const V g = at(grad + i, n), old = at(exp_avg + i, n);
    const V m = old + (g - old) * a.rest1;
    const V v = at(exp_avg_sq + i, n) * a.beta2 + g * g * a.rest2;
    put(exp_avg + i, n, m);
    put(exp_avg_sq + i, n, v);
    put(param + i, n, at(param + i, n) - a.step_size * m / ((V)SQUARE_ROOT(v) * correct + a.eps));
  });
}

template <class T> constexpr RowKernels<T> row_kernels() {
  return {moments<T>, norm<T>, norm_sums<T>, norm_grad<T>, sum_by<T>, leaky_relu<T>, leaky_grad<T>};
}
