// The reference set: plain loops, for every machine. The other sets are tested against it, and it drives everything
// above in float32 and in bfloat16 wherever the tests run. It is slow, and nothing takes it unless it is asked for.
#include "sets.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace cgan {
namespace {

constexpr int64_t kStep = 16; // values of K

float value(float v) { return v; }
float value(BFloat v) {
  const uint32_t bits = static_cast<uint32_t>(v.bits) << 16;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

template <class T> T rounded(float);
template <> float rounded<float>(float v) { return v; }
template <> BFloat rounded<BFloat>(float v) { // to the nearest, to even in the middle
  uint32_t bits;
  memcpy(&bits, &v, sizeof bits);
  if (std::isnan(v)) return {static_cast<uint16_t>(bits >> 16 | 0x40)};
  return {static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

float leaky(float v, float slope) { return v > 0 ? v : v * slope; }
float through(float dy, float y, float slope) { return y > 0 ? dy : dy * slope; }

// at is value k of row or column i of a packed panel or, on the left, of an operand that lies as it is.
template <class T> float at(Side side, const char *panel, const Layout &l, int64_t i, int64_t k) {
  const int64_t row = side == Side::left ? i : k % kStep, column = side == Side::left ? k % kStep : i;
  T v;
  memcpy(&v, panel + k / kStep * l.step + row * l.row + column * sizeof(T), sizeof v);
  return value(v);
}

template <class T, class S>
void pack(Side side, Contiguous contiguous, const RowPointers<S> &a, char *out, size_t stride) {
  const bool by_k = contiguous == Contiguous::k;
  const int64_t k = by_k ? a.length : a.count, width = by_k ? a.count : a.length;
  const int64_t panels = (width + kPanel - 1) / kPanel, padded = (k + kStep - 1) / kStep * kStep;
  for (int64_t i = 0; i < panels * kPanel; i++)
    for (int64_t j = 0; j < padded; j++) {
      const S *row = i < width && j < k ? a.row[by_k ? i : j] : nullptr;
      const T v = rounded<T>(row != nullptr ? value(row[by_k ? j : i]) : 0);
      const int64_t in_panel = i % kPanel, in_step = j % kStep;
      const int64_t place = side == Side::left ? in_panel * kStep + in_step : in_step * kPanel + in_panel;
      memcpy(out + i / kPanel * stride + (j / kStep * kStep * kPanel + place) * sizeof(T), &v, sizeof v);
    }
}

template <class T> void store(Block<T> &b) {
  std::fill_n(b.distances, kBlock, 0);
  std::fill_n(b.squares, kBlock, 0);
  const BlockEpilogue &e = b.epilogue;
  for (int64_t r = 0; r < b.rows; r++)
    for (int64_t n = 0; n < b.columns; n++) {
      float v = b.sums[r * kBlock + n];
      if (e.scale != nullptr) v *= e.scale[n];
      if (const float *bias = e.row_bias != nullptr ? e.row_bias[r] : e.bias) v += bias[n];
      b.out[r * b.ld + n] = rounded<T>(leaky(v, e.slope));
      const float d = value(b.out[r * b.ld + n]) - (b.pivot != nullptr ? b.pivot[n] : 0);
      b.distances[n] += d;
      b.squares[n] += d * d;
    }
}

template <class T> void block(const PanelPair *pairs, int64_t count, int64_t k_steps, int rows, int right,
                              const Layout &of_left, const Layout &of_right, float *c, int64_t ldc, bool add,
                              Block<T> *before) {
  if (before != nullptr) store(*before);
  for (int64_t m = 0; m < rows; m++)
    for (int64_t n = 0; n < right * kPanel; n++) {
      double sum = add ? c[m * ldc + n] : 0;
      for (int64_t p = 0; p < count; p++) {
        const char *a = pairs[p].left + m / kPanel * of_left.panel, *b = pairs[p].right + n / kPanel * of_right.panel;
        for (int64_t k = 0; k < k_steps * kStep; k++)
          sum += static_cast<double>(at<T>(Side::left, a, of_left, m % kPanel, k)) *
                 at<T>(Side::right, b, of_right, n % kPanel, k);
      }
      c[m * ldc + n] = static_cast<float>(sum);
    }
}

void nothing() {}

template <class T>
void moments(const T *x, int64_t rows, int64_t channels, const float *pivot, double *sum, double *square) {
  for (int64_t i = 0; i < rows * channels; i++) {
    const double d = static_cast<double>(value(x[i])) - pivot[i % channels];
    sum[i % channels] += d;
    square[i % channels] += d * d;
  }
}

float normed(float x, const Norm &p, int64_t c) { return (x - p.mean[c]) * p.scale[c] + p.shift[c]; }

template <class T> void norm(const T *x, int64_t rows, const Norm &p, T *y) {
  for (int64_t i = 0; i < rows * p.channels; i++)
    y[i] = rounded<T>(leaky(normed(value(x[i]), p, i % p.channels), p.slope));
}

template <class T> void norm_sums(const T *x, const T *dy, int64_t rows, const Norm &p, double *sum, double *product) {
  for (int64_t i = 0; i < rows * p.channels; i++) {
    const int64_t c = i % p.channels;
    const double g = through(value(dy[i]), normed(value(x[i]), p, c), p.slope);
    sum[c] += g;
    product[c] += g * (value(x[i]) - p.mean[c]);
  }
}

template <class T>
void norm_grad(const T *x, const T *dy, int64_t rows, const Norm &p, const float *a, const float *b, T *dx) {
  for (int64_t i = 0; i < rows * p.channels; i++) {
    const int64_t c = i % p.channels;
    const float v = value(x[i]), g = through(value(dy[i]), normed(v, p, c), p.slope);
    dx[i] = rounded<T>((g - a[c] - (v - p.mean[c]) * b[c]) * p.scale[c]);
  }
}

template <class T> void sum_by(const T *x, const int64_t *index, int64_t rows, int64_t channels, float *sums) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < channels; c++) sums[index[r] * channels + c] += value(x[r * channels + c]);
}

template <class T> void leaky_relu(const float *x, int64_t count, float slope, T *y) {
  for (int64_t i = 0; i < count; i++) y[i] = rounded<T>(leaky(x[i], slope));
}

template <class T> void leaky_grad(const T *y, const T *dy, int64_t count, float slope, T *dx) {
  for (int64_t i = 0; i < count; i++) dx[i] = rounded<T>(through(value(dy[i]), value(y[i]), slope));
}

void adam(float *param, const float *grad, float *exp_avg, float *exp_avg_sq, int64_t count, const Adam &a) {
  for (int64_t i = 0; i < count; i++) {
    exp_avg[i] += (grad[i] - exp_avg[i]) * a.rest1;
    exp_avg_sq[i] = exp_avg_sq[i] * a.beta2 + grad[i] * grad[i] * a.rest2;
    param[i] -= a.step_size * exp_avg[i] / (std::sqrt(exp_avg_sq[i]) / a.correction + a.eps);
  }
}

template <class T> constexpr GemmKernel<T> kGemm = {
    kStep,  kStep *kPanel * sizeof(T), kStep * sizeof(T), true, true, pack<T, T>, pack<T, float>, block<T>, store<T>, nothing,
    nothing};
template <class T> constexpr RowKernels<T> kRows = {moments<T>, norm<T>,       norm_sums<T>, norm_grad<T>,
                                                    sum_by<T>,  leaky_relu<T>, leaky_grad<T>};
// peak is a sum that waits for itself.
int64_t peak(int64_t rounds) {
  volatile float one = 1;
  float sum = 0;
  for (int64_t i = 0; i < rounds; i++) sum += one * one;
  one = sum;
  return 2 * rounds;
}

constexpr KernelSet kSet = {"reference", &kGemm<float>, &kGemm<BFloat>, &kRows<float>, &kRows<BFloat>, adam, peak, peak};

} // namespace

Support reference() { return {&kSet, nullptr}; }

} // namespace cgan
