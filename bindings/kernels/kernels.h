// The arithmetic of the fast mode, one kernel set for each instruction set. Nothing here knows libtorch.
//
// A matrix product C = A B (GEMM) is cut into blocks of 2 x 2 panels. The left operand A [M, K] is packed into
// panels of 16 rows, the right one B [K, N] into panels of 16 columns. A panel is a row of K steps, and a K step is
// what one instruction, or one loop, takes at a time: on AMX a tile.
//
//                          right panels
//                        n = 0      n = 1                  one packed panel, in memory:
//                     +----------+----------+
//                   K | step 0   | step 0   |              +--------+--------+-----+--------+
//                     | step 1   | step 1   |              | step 0 | step 1 | ... | step u |
//                     |  ...     |  ...     |              +--------+--------+-----+--------+
//                     +----------+----------+              <- Layout::step ->
//        K               16         16                     <------- panel_bytes(K) ------->
//  +-----------+      +----------+----------+
//  | s0 s1 ... | 16   |          |          |              one step of a left panel: 16 rows of k_step values,
//  +-----------+      |  block of sums, C   | kBlock = 32  one of a right panel: k_step values of K for each of
//  | s0 s1 ... | 16   |  32 x 32 floats     | rows         16 columns, Layout::row bytes from row to row;
//  +-----------+      |          |          |              the rows of AMX's right tile are pairs of K.
//   left panels       +----------+----------+
//
// Some kernels read a left operand where it lies, unpacked.
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

// RowPointers are the rows of an operand as memory has them, which need not be adjacent. A null row is zeros.
template <class T> struct RowPointers {
  const T *const *row;
  int64_t count, length;
};

enum class Side { left, right };
// Contiguous is the index that runs inside a row in memory: K, or M of a left and N of a right operand.
enum class Contiguous { k, panel };

// PanelPair is one of the products that add up to a block: where its left and its right panel begin.
struct PanelPair {
  const char *left, *right;
};

// Layout is how an operand lies in memory: bytes from one panel, from one K step, and from one row of a step to the next.
struct Layout {
  size_t panel, step, row;
};

// BlockEpilogue is what becomes of a block's sums before they are stored: times scale, plus bias, then LeakyReLU.
struct BlockEpilogue {
  const float *scale = nullptr;           // [N]
  const float *bias = nullptr;            // [N]
  const float *const *row_bias = nullptr; // an [N] for every row, in place of bias
  float slope = 1;
};

// Block is a block's sums and where they go.
template <class T> struct Block {
  alignas(64) float sums[kBlock * kBlock] = {};
  int64_t rows = 0, columns = 0, ld = 0; // of out; ld is BLAS's leading dimension: values from one row to the next
  BlockEpilogue epilogue;
  T *out = nullptr;
  // Storing adds up by column how far what it stored is from pivot [kBlock], or from 0 without one, and the squares of that.
  const float *pivot = nullptr;
  alignas(64) float distances[kBlock] = {}, squares[kBlock] = {};
};

// GemmKernel multiplies matrices of T and adds up in float32.
template <class T> struct GemmKernel {
  int64_t k_step;    // values of K in a step; K is padded to a multiple of it
  size_t step_bytes; // of one packed panel
  size_t row_bytes;  // of one packed step
  bool unpacked;     // a left operand whose K is contiguous may lie as it is, where its panels and steps are whole
  bool unpacked_right; // so may a right one in whose rows N is contiguous
  // pack writes an operand's panels, panel_bytes(K) each and stride bytes from one to the next, and pads the last one with zeros.
  void (*pack)(Side, Contiguous, const RowPointers<T> &, char *out, size_t stride);
  void (*pack_f32)(Side, Contiguous, const RowPointers<float> &, char *out, size_t stride); // of float32, rounded to T
  // block computes rows of 1 or 2 left panels x 1 or 2 right panels, over k_steps and all pairs, into c or, with add, on
  // top of it; the panels' other rows of c may change too. On the way it stores the block before, if one is given: on the
  // tile unit that costs no time of its own.
  void (*block)(const PanelPair *, int64_t count, int64_t k_steps, int rows, int right, const Layout &of_left,
                const Layout &of_right, float *c, int64_t ldc, bool add, Block<T> *before);
  void (*store)(Block<T> &);
  void (*begin)(), (*end)(); // around blocks, on each thread: see Blocks

  int64_t k_steps(int64_t k) const { return (k + k_step - 1) / k_step; }
  size_t panel_bytes(int64_t k) const { return k_steps(k) * step_bytes; }
};

// Blocks is held by a thread while it calls block: the tile unit is configured as long as it lives.
template <class T> class Blocks {
public:
  explicit Blocks(const GemmKernel<T> &k) : kernel(k) { kernel.begin(); }
  ~Blocks() { kernel.end(); }
  Blocks(const Blocks &) = delete;
  Blocks &operator=(const Blocks &) = delete;

private:
  const GemmKernel<T> &kernel;
};

// Norm describes a batch normalisation of rows [rows, channels] followed by LeakyReLU, by channel.
struct Norm {
  int64_t channels;
  const float *mean, *scale, *shift; // scale = weight / std; y = LeakyReLU((x - mean) * scale + shift)
  float slope;
};

// RowKernels is the arithmetic along rows of T.
template <class T> struct RowKernels {
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
using AdamStep = void (*)(float *param, const float *grad, float *exp_avg, float *exp_avg_sq, int64_t count,
                          const Adam &);

// Peak multiplies and adds up, rounds times, what lies in registers, and gives the floating-point operations that it took:
// the yardstick for GemmKernel::block, which has to bring its operands there.
using Peak = int64_t (*)(int64_t rounds);

// KernelSet is what one instruction set offers, all of it.
struct KernelSet {
  const char *name;
  const GemmKernel<float> *gemm_f32;
  const GemmKernel<BFloat> *gemm_bf16;
  const RowKernels<float> *rows_f32;
  const RowKernels<BFloat> *rows_bf16;
  AdamStep adam;
  Peak peak_f32, peak_bf16;
};

template <class T> const GemmKernel<T> &gemm_kernel(const KernelSet &);
template <> inline const GemmKernel<float> &gemm_kernel(const KernelSet &s) { return *s.gemm_f32; }
template <> inline const GemmKernel<BFloat> &gemm_kernel(const KernelSet &s) { return *s.gemm_bf16; }
template <class T> const RowKernels<T> &row_kernels(const KernelSet &);
template <> inline const RowKernels<float> &row_kernels(const KernelSet &s) { return *s.rows_f32; }
template <> inline const RowKernels<BFloat> &row_kernels(const KernelSet &s) { return *s.rows_bf16; }

// Support is a kernel set, or what this machine lacks for it.
struct Support {
  const KernelSet *set;
  const char *lacks; // such as "the processor has no AVX2"; null where it lacks nothing
};

} // namespace cgan
