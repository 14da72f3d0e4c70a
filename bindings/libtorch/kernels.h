// The arithmetic of the fast mode, in one form per instruction set.
//
// A matrix product is cut into blocks of 2 x 2 panels. Its left operand [M, K] is packed into panels of 16
// rows and its right one [K, N] into panels of 16 columns, which lie in the order in which a block reads them. Some
// kernels read a left operand as it is.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cgan {

constexpr int64_t kPanel = 16;
constexpr int64_t kBlock = 2 * kPanel;

// BFloat is a bfloat16 in memory.
struct BFloat {
  uint16_t bits;
};

// Lines are the lines of an operand, which need not lie behind each other. A null line is zeros.
template <class T> struct Lines {
  const T *const *line;
  int64_t count, length;
};

enum class Side { left, right };
enum class Along { k, panel }; // what the values of one line differ in: K, or M or N

// Segment is one of the products that add up to a block.
struct Segment {
  const char *left, *right;
};

// Layout is how an operand lies in memory: bytes from one panel, from one unit of K, and from one row of a unit to the next.
struct Layout {
  size_t panel, unit, row;
};

// Output is what becomes of a block's results before they are stored: times scale, plus bias, then LeakyReLU.
struct Output {
  const float *scale = nullptr;           // [N]
  const float *bias = nullptr;            // [N]
  const float *const *row_bias = nullptr; // an [N] for every row, in place of bias
  float slope = 1;
};

// Block is a block's sums and where they go.
template <class T> struct Block {
  alignas(64) float sums[kBlock * kBlock] = {};
  int64_t rows = 0, columns = 0, ld = 0;
  Output output;
  T *out = nullptr;
  // Storing makes the distances of what it stored from pivot [kBlock], or from 0 if there is none, added up by column, and
  // their squares.
  const float *pivot = nullptr;
  alignas(64) float distances[kBlock] = {}, squares[kBlock] = {};
};

// Kernel multiplies matrices of T, summing up in float32.
template <class T> struct Kernel {
  int64_t unit;      // K is padded to a multiple of this
  size_t unit_bytes; // of one packed panel
  size_t row_bytes;  // of one packed unit
  bool unpacked;     // a left operand may lie as it is, line by line along K, where its panels and units are whole
  // pack writes an operand's panels, panel_bytes(K) each and stride bytes from one to the next, and pads the last one with zeros.
  void (*pack)(Side, Along, const Lines<T> &, char *out, size_t stride);
  void (*pack_f32)(Side, Along, const Lines<float> &, char *out, size_t stride); // the same for float32, rounded to T
  // block computes left x right panels, 1 or 2 each, summed over all segments, into c or on top of it. On the way it
  // stores the block before, if one is given: on the tile unit that hides behind the products.
  void (*block)(const Segment *, int64_t count, int64_t units, int left, int right, const Layout &of_left, const Layout &of_right,
                float *c, int64_t ldc, bool add, Block<T> *before);
  void (*store)(Block<T> &);
  void (*begin)(), (*end)(); // around blocks, on each thread

  int64_t units(int64_t k) const { return (k + unit - 1) / unit; }
  size_t panel_bytes(int64_t k) const { return units(k) * unit_bytes; }
};

// Norm describes a batch normalisation of rows [rows, channels] with LeakyReLU behind it, by channel.
struct Norm {
  int64_t channels;
  const float *mean, *scale, *shift; // scale = weight / std; y = LeakyReLU((x - mean) * scale + shift)
  float slope;
};

// Vectors is the arithmetic along rows of T.
template <class T> struct Vectors {
  // moments adds up x - pivot and its square over rows.
  void (*moments)(const T *x, int64_t rows, int64_t channels, const float *pivot, double *sum, double *square);
  void (*norm)(const T *x, int64_t rows, const Norm &, T *y);
  // norm_sums adds up g and g * (x - mean) over rows, where g is dy through the LeakyReLU.
  void (*norm_sums)(const T *x, const T *dy, int64_t rows, const Norm &, double *sum, double *product);
  // norm_grad is scale * (g - a - (x - mean) * b), where a and b are by channel.
  void (*norm_grad)(const T *x, const T *dy, int64_t rows, const Norm &, const float *a, const float *b, T *dx);
  // sum_by adds up the rows of each index: sums [indices, channels].
  void (*sum_by)(const T *x, const int64_t *index, int64_t rows, int64_t channels, float *sums);
  void (*leaky_relu)(const float *x, int64_t count, float slope, T *y);
  // leaky_grad is dy through the LeakyReLU of y.
  void (*leaky_grad)(const T *y, const T *dy, int64_t count, float slope, T *dx);
};

// Adam is one step of torch.optim.Adam on count values.
struct Adam {
  float rest1, beta2, rest2, eps, step_size, correction; // rest = 1 - beta, correction = sqrt(1 - beta2^step)
};
using AdamStep = void (*)(float *param, const float *grad, float *exp_avg, float *exp_avg_sq, int64_t count, const Adam &);

// Set is what one instruction set offers; a null kernel is one that it lacks.
struct Set {
  const char *name;
  const Kernel<float> *f32;
  const Kernel<BFloat> *bf16;
  const Vectors<float> *vectors_f32;
  const Vectors<BFloat> *vectors_bf16;
  AdamStep adam;
};

// Each is null where the machine lacks the instructions.
const Set *amx();
const Set *avx512();
const Set *avx2();

// chosen is the set in use, or null.
const Set *chosen();

template <class T> struct In; // what a set offers for T
template <> struct In<float> {
  static const Kernel<float> &kernel() { return *chosen()->f32; }
  static const Vectors<float> &vectors() { return *chosen()->vectors_f32; }
};
template <> struct In<BFloat> {
  static const Kernel<BFloat> &kernel() { return *chosen()->bf16; }
  static const Vectors<BFloat> &vectors() { return *chosen()->vectors_bf16; }
};

} // namespace cgan
