// Tests all that a kernel set offers against plain sums in double: driver SET SEED. It prints what is wrong, and exits
// with 1; with 3 and the reason where this machine can't run the set.
#include "../sets.h"
#include "random.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>

namespace cgan {
// The same sources on emulate.h. Weak: null where the test has not compiled them.
__attribute__((weak)) Support emulated_amx();
__attribute__((weak)) Support emulated_avx512_bf16();
__attribute__((weak)) Support emulated_avx512();
__attribute__((weak)) Support emulated_avx2();
} // namespace cgan

using namespace cgan;
using test::close;

namespace {

// Matrix is [rows, columns] in rows of its own, some of which are null: zeros. operand says which side and index they are.
template <class S> struct Matrix {
  int64_t count, length;
  std::vector<test::Input<S>> rows;
  std::vector<const S *> pointers;

  Matrix(int64_t count, int64_t length, const std::function<float()> &random, bool nulls)
      : count(count), length(length), rows(count), pointers(count) {
    for (int64_t i = 0; i < count; i++) {
      rows[i] = test::Input<S>(length);
      for (S &v : rows[i]) v = test::of<S>(random());
      pointers[i] = nulls && test::bits() % 5 == 0 ? nullptr : rows[i].data();
    }
  }
  double at(int64_t i, int64_t j) const { return pointers[i] != nullptr ? test::value(pointers[i][j]) : 0; }
  RowPointers<S> operand() const { return {pointers.data(), count, length}; }
};

// Operand is the left [width, K] or the right [K, width] operand of a product, packed for T from values of S.
template <class T, class S> struct Operand {
  Contiguous contiguous;
  Matrix<S> m;
  size_t stride;
  test::Guarded<char> packed;

  Operand(const GemmKernel<T> &kernel, Side side, Contiguous contiguous, int64_t width, int64_t k,
          const std::function<float()> &random, bool nulls, size_t between = 0)
      : contiguous(contiguous),
        m(contiguous == Contiguous::k ? width : k, contiguous == Contiguous::k ? k : width, random, nulls),
        stride(kernel.panel_bytes(k) + between),
        packed(((width + kPanel - 1) / kPanel - 1) * stride + kernel.panel_bytes(k)) {
    if constexpr (std::is_same_v<S, T>)
      kernel.pack(side, contiguous, m.operand(), packed.data(), stride);
    else
      kernel.pack_f32(side, contiguous, m.operand(), packed.data(), stride);
    for (int64_t i = kernel.panel_bytes(k); between > 0 && i < ((width + kPanel - 1) / kPanel - 1) * int64_t(stride);
         i++)
      if (i % int64_t(stride) >= int64_t(kernel.panel_bytes(k)))
        close(packed[i], packed.kFill, 0, "a byte between panels");
  }
  // at is what the kernel multiplies: a float32 is rounded to T first.
  double at(int64_t i, int64_t k) const {
    const double v = contiguous == Contiguous::k ? m.at(i, k) : m.at(k, i);
    return test::value(test::of<T>(static_cast<float>(v)));
  }
  Layout layout(const GemmKernel<T> &kernel) const { return {stride, kernel.step_bytes, kernel.row_bytes}; }
};

// limit is how far a float32 sum of products may be from the true one. Each addition rounds what is summed up so far, of which
// terms of random sign make sqrt(terms) * 0.2 * 1.2e-7 of sqrt(squares) as the standard deviation: a million sums have one
// beyond 5 of it, and none beyond 7.
double limit(double squares, double largest, int64_t terms) {
  return 1.2e-7 * (4 + 1.4 * std::sqrt(terms)) * std::sqrt(squares) + 6e-8 * largest;
}

// Product multiplies some pairs of operands and compares each sum.
template <class T, class S> void product(const GemmKernel<T> &kernel, int64_t width_left, int64_t width_right,
                                         int64_t k, int pairs, const std::function<float()> &random, bool nulls) {
  std::vector<std::unique_ptr<Operand<T, S>>> lefts, rights;
  std::vector<PanelPair> pointers;
  Layout of_left{}, of_right{};
  const Contiguous left_by = test::coin() ? Contiguous::k : Contiguous::panel,
                   right_by = test::coin() ? Contiguous::k : Contiguous::panel;
  const size_t between = 64 * (test::bits() % 3); // panels
  for (int p = 0; p < pairs; p++) {
    lefts.push_back(
        std::make_unique<Operand<T, S>>(kernel, Side::left, left_by, width_left, k, random, nulls, between));
    rights.push_back(
        std::make_unique<Operand<T, S>>(kernel, Side::right, right_by, width_right, k, random, nulls, between));
    pointers.push_back({lefts[p]->packed.data(), rights[p]->packed.data()});
    of_left = lefts[p]->layout(kernel), of_right = rights[p]->layout(kernel);
  }
  const int64_t left_panels = (width_left + kPanel - 1) / kPanel, right_panels = (width_right + kPanel - 1) / kPanel,
                ldc = kBlock + 16 * (test::bits() % 2);
  const bool add = test::coin();
  test::Guarded<float> c(left_panels * kPanel * ldc);
  std::vector<float> before(left_panels * kPanel * ldc);
  for (size_t i = 0; i < before.size(); i++) c[i] = before[i] = test::uniform();
  {
    const Blocks<T> configured(kernel);
    kernel.block(pointers.data(), pairs, kernel.k_steps(k), width_left, right_panels, of_left, of_right, c.data(), ldc,
                 add, nullptr);
  }
  for (int64_t m = 0; m < left_panels * kPanel; m++)
    for (int64_t n = 0; n < ldc; n++) {
      if (n >= right_panels * kPanel) {
        close(c[m * ldc + n], before[m * ldc + n], 0, "a value of c outside of the block");
        continue;
      }
      if (m >= width_left) continue;
      double want = add ? before[m * ldc + n] : 0, squares = want * want;
      for (int p = 0; p < pairs && n < width_right; p++)
        for (int64_t i = 0; i < k; i++) {
          const double v = lefts[p]->at(m, i) * rights[p]->at(n, i);
          want += v, squares += v * v;
        }
      close(c[m * ldc + n], want, limit(squares, std::fabs(want), pairs * k),
            "%s from %s, M %ld, N %ld, K %ld, %d pairs, left by %s, right by %s, add %d: sum %ld, %ld", test::name<T>(),
            test::name<S>(), width_left, width_right, k, pairs, left_by == Contiguous::k ? "K" : "M",
            right_by == Contiguous::k ? "K" : "N", add, m, n);
    }
}

template <class T, class S> void products(const GemmKernel<T> &kernel) {
  auto random = [] { return test::uniform(); };
  // In the middle of two bfloat16, it goes to the even one.
  auto middle = [] { return (257 + 2 * static_cast<int>(test::bits() % 127)) / 256.0f; };
  product<T, S>(kernel, 31, 17, 33, 2, middle, true);
  for (int64_t k : {1, 2, 15, 16, 17, 31, 32, 33, 64, 70, 130})
    for (int i = 0; i < 6; i++)
      product<T, S>(kernel, test::pick({1, 7, 15, 16, 17, 31, 32}), test::pick({1, 7, 15, 16, 17, 31, 32}), k,
                    test::pick({1, 2, 5}), random, true);
}

// Values whose lower bits are all ones are the hardest to take apart, and of one sign no error takes out another.
void every_bit(const GemmKernel<float> &kernel) {
  auto hard = [] {
    return test::coin() ? 2 - std::ldexp(1.0f, -23) : 1 + std::ldexp(1.0f, -7) - std::ldexp(1.0f, -23);
  };
  const int64_t k = 64;
  Operand<float, float> left(kernel, Side::left, Contiguous::k, 16, k, hard, false),
      right(kernel, Side::right, Contiguous::k, 16, k, hard, false);
  test::Guarded<float> c(kPanel * kBlock);
  const PanelPair pair{left.packed.data(), right.packed.data()};
  const Blocks<float> configured(kernel);
  kernel.block(&pair, 1, kernel.k_steps(k), kPanel, 1, left.layout(kernel), right.layout(kernel), c.data(), kBlock,
               false, nullptr);
  for (int64_t m = 0; m < kPanel; m++)
    for (int64_t n = 0; n < kPanel; n++) {
      double want = 0;
      for (int64_t i = 0; i < k; i++) want += left.at(m, i) * right.at(n, i);
      close(c[m * kBlock + n], want, 6e-8 * (1 + std::sqrt(k) / 2) * want, "a sum of 64 products with all bits");
    }
}

// not_finite: what is infinite or no number makes a row of sums so, and no other row.
template <class T> void not_finite(const GemmKernel<T> &kernel) {
  float all_ones;
  memset(&all_ones, 0xff, sizeof all_ones); // a NaN too, as are files of such bytes
  for (const float wrong : {INFINITY, -INFINITY, NAN, -NAN, all_ones, -all_ones}) {
    const int64_t k = 40, bad = test::bits() % kPanel;
    int64_t next = 0;
    auto one_wrong = [&] { return next++ == bad * k + 7 ? wrong : 1 + std::fabs(test::uniform()); };
    Operand<T, T> left(kernel, Side::left, Contiguous::k, kPanel, k, one_wrong, false);
    Operand<T, T> right(
        kernel, Side::right, Contiguous::k, kPanel, k, [] { return 1 + std::fabs(test::uniform()); }, false);
    test::Guarded<float> c(kPanel * kBlock);
    const PanelPair pair{left.packed.data(), right.packed.data()};
    const Blocks<T> configured(kernel);
    kernel.block(&pair, 1, kernel.k_steps(k), kPanel, 1, left.layout(kernel), right.layout(kernel), c.data(), kBlock,
                 false, nullptr);
    for (int64_t m = 0; m < kPanel; m++)
      for (int64_t n = 0; n < kPanel; n++)
        close(std::isfinite(c[m * kBlock + n]), m != bad, 0, "%s: whether a sum over %g is finite", test::name<T>(),
              wrong);
  }
}

// unpacked reads a left operand where it lies.
template <class T> void unpacked(const GemmKernel<T> &kernel) {
  if (!kernel.unpacked) return;
  for (const int64_t steps : {1, 2, 3})
    for (const int64_t panels : {1, 2}) {
      const int64_t k = steps * kernel.k_step, ld = k + kernel.k_step; // a row is longer than what is read of it
      const test::Input<T> values = test::randoms<T>((panels * kPanel - 1) * ld + k);
      Operand<T, T> right(
          kernel, Side::right, Contiguous::panel, 16, k, [] { return test::uniform(); }, false);
      test::Guarded<float> c(panels * kPanel * kBlock);
      const PanelPair pair{reinterpret_cast<const char *>(values.data()), right.packed.data()};
      const Layout as_it_lies{kPanel * ld * sizeof(T), kernel.k_step * sizeof(T), ld * sizeof(T)};
      const Blocks<T> configured(kernel);
      kernel.block(&pair, 1, steps, panels * kPanel, 1, as_it_lies, right.layout(kernel), c.data(), kBlock, false, nullptr);
      for (int64_t m = 0; m < panels * kPanel; m++)
        for (int64_t n = 0; n < kPanel; n++) {
          double want = 0, squares = 0;
          for (int64_t i = 0; i < k; i++) {
            const double v = test::value(values[m * ld + i]) * right.at(n, i);
            want += v, squares += v * v;
          }
          close(c[m * kBlock + n], want, limit(squares, std::fabs(want), k), "unpacked %s, %ld panels of %ld",
                test::name<T>(), panels, k);
        }
    }
}

// unpacked_right reads a right operand where it lies.
template <class T> void unpacked_right(const GemmKernel<T> &kernel) {
  if (!kernel.unpacked_right) return;
  for (const int64_t steps : {1, 2, 33})
    for (const int64_t panels : {1, 2}) {
      const int64_t k = steps * kernel.k_step, ld = panels * kPanel + 3, rows = test::pick({1, 2, 7, 16});
      const test::Input<T> values = test::randoms<T>((k - 1) * ld + panels * kPanel);
      Operand<T, T> left(
          kernel, Side::left, Contiguous::k, rows, k, [] { return test::uniform(); }, false);
      test::Guarded<float> c(kPanel * kBlock);
      const PanelPair pair{left.packed.data(), reinterpret_cast<const char *>(values.data())};
      const Layout as_it_lies{kPanel * sizeof(T), kernel.k_step * ld * sizeof(T), ld * sizeof(T)};
      const Blocks<T> configured(kernel);
      kernel.block(&pair, 1, steps, rows, panels, left.layout(kernel), as_it_lies, c.data(), kBlock, false, nullptr);
      for (int64_t m = 0; m < rows; m++)
        for (int64_t n = 0; n < panels * kPanel; n++) {
          double want = 0, squares = 0;
          for (int64_t i = 0; i < k; i++) {
            const double v = left.at(m, i) * test::value(values[i * ld + n]);
            want += v, squares += v * v;
          }
          close(c[m * kBlock + n], want, limit(squares, std::fabs(want), k), "right unpacked %s, %ld rows, %ld panels",
                test::name<T>(), rows, panels);
        }
    }
}

// Stored is a block with a random epilogue, and what must come of it.
template <class T> class Stored {
public:
  Stored()
      : rows(test::pick({1, 5, 16, 31, 32})), columns(test::pick({1, 3, 15, 16, 17, 31, 32})),
        ld(columns + test::bits() % 4), out((rows - 1) * ld + columns) {
    for (float &v : block.sums) v = test::uniform() * 4;
    if (test::bits() % 4 == 0) block.sums[0] = std::nanf("");
    scale = test::randoms<float>(columns), bias = test::randoms<float>(columns), pivot = test::randoms<float>(kBlock);
    for (int64_t r = 0; r < rows; r++) each_bias.push_back(test::randoms<float>(columns));
    for (const auto &b : each_bias) row_bias.push_back(b.data());
    block.rows = rows, block.columns = columns, block.ld = ld, block.out = out.data();
    if (test::coin()) block.epilogue.scale = scale.data();
    if (test::coin()) block.epilogue.bias = bias.data();
    if (test::coin()) block.epilogue.row_bias = row_bias.data();
    if (test::coin()) block.pivot = pivot.data();
    block.epilogue.slope = test::coin() ? 1 : test::coin() ? 0 : 0.2f;
    for (int64_t i = 0; i < (rows - 1) * ld + columns; i++) out[i] = test::of<T>(77);
  }

  void check(const char *how) {
    double distances[kBlock] = {}, squares[kBlock] = {}, size[kBlock] = {};
    for (int64_t r = 0; r < rows; r++)
      for (int64_t n = 0; n < std::min(ld, r + 1 < rows ? ld : columns); n++) {
        const double got = test::value(out[r * ld + n]);
        if (n >= columns) {
          close(got, 77, 0, "%s: a value after the %ld columns", how, columns);
          continue;
        }
        double want = block.sums[r * kBlock + n], parts = std::fabs(want);
        if (block.epilogue.scale != nullptr) want *= scale[n];
        if (block.epilogue.row_bias != nullptr)
          want += each_bias[r][n], parts += std::fabs(each_bias[r][n]);
        else if (block.epilogue.bias != nullptr)
          want += bias[n], parts += std::fabs(bias[n]);
        if (!(want > 0)) want *= block.epilogue.slope;
        close(got, want, 4 * 6e-8 * parts + (test::unit<T> > 1e-6 ? test::unit<T> * std::fabs(want) : 0),
              "%s %s, %ld x %ld: value %ld, %ld", how, test::name<T>(), rows, columns, r, n);
        const double d = got - (block.pivot != nullptr ? pivot[n] : 0);
        distances[n] += d, squares[n] += d * d, size[n] += std::fabs(d);
      }
    for (int64_t n = 0; n < columns; n++) {
      close(block.distances[n], distances[n], 2e-6 * size[n], "%s %s: distances of column %ld", how, test::name<T>(),
            n);
      close(block.squares[n], squares[n], 4e-6 * squares[n], "%s %s: squares of column %ld", how, test::name<T>(), n);
    }
  }

  Block<T> block;

private:
  int64_t rows, columns, ld;
  test::Guarded<T> out;
  test::Input<float> scale, bias, pivot;
  std::vector<test::Input<float>> each_bias;
  std::vector<const float *> row_bias;
};

// A block is stored by itself, and on the way while another one is multiplied, which may have no product: a pixel that no
// tap reaches.
template <class T> void stores(const GemmKernel<T> &kernel) {
  for (int i = 0; i < 60; i++) {
    Stored<T> alone;
    kernel.store(alone.block);
    alone.check("stored");
    Stored<T> before;
    const int64_t k = test::pick({1, 40, 100}), lefts = test::pick({1, 2}), rights = test::pick({1, 2}),
                  pairs = test::pick({0, 1, 2});
    auto random = [] { return test::uniform(); };
    Operand<T, T> left(kernel, Side::left, Contiguous::k, lefts * kPanel, k, random, false);
    Operand<T, T> right(kernel, Side::right, Contiguous::k, rights * kPanel, k, random, false);
    test::Guarded<float> c(lefts * kPanel * kBlock);
    for (int64_t j = 0; j < lefts * kPanel * kBlock; j++) c[j] = 1;
    const PanelPair pair[2] = {{left.packed.data(), right.packed.data()}, {left.packed.data(), right.packed.data()}};
    const bool add = test::coin();
    {
      const Blocks<T> configured(kernel);
      kernel.block(pair, pairs, kernel.k_steps(k), lefts * kPanel, rights, left.layout(kernel), right.layout(kernel), c.data(),
                   kBlock, add, &before.block);
    }
    for (int64_t m = 0; m < lefts * kPanel; m++)
      for (int64_t n = 0; n < rights * kPanel; n++) {
        double want = add, squares = 1;
        for (int64_t j = 0; j < pairs * k; j++) {
          const double v = left.at(m, j % k) * right.at(n, j % k);
          want += v, squares += v * v;
        }
        close(c[m * kBlock + n], want, limit(squares, std::fabs(want), pairs * k), "a sum of %ld pairs beside storing",
              pairs);
      }
    before.check("stored beside a product");
  }
}

// rounding to bfloat16 is to the nearest, to even in the middle. A set may take denormals for zeros.
void rounding(const RowKernels<BFloat> &rows) {
  const float given[] = {1,
                         1 + 1.0f / 256,
                         1 + 3.0f / 256,
                         1 + 1.0f / 512,
                         -1 - 1.0f / 256,
                         0,
                         -0.0f,
                         3e38f,
                         3.4e38f,
                         INFINITY,
                         -INFINITY,
                         NAN,
                         1 + 1.0f / 256 + 1e-6f,
                         1e-40f};
  for (const int64_t n : {1, 13, 70}) {
    test::Input<float> xs(n);
    for (int64_t i = 0; i < n; i++) xs[i] = given[i % std::size(given)];
    test::Guarded<BFloat> y(n);
    rows.leaky_relu(xs.data(), n, 1, y.data());
    for (int64_t i = 0; i < n; i++) {
      const double want = std::isnan(xs[i]) ? NAN : test::value(test::of<BFloat>(xs[i])), got = test::value(y[i]);
      close(got, want, 1e-39, "%g as bfloat16", xs[i]);
      if (!std::isnan(want)) close(std::signbit(got), std::signbit(want), 0, "the sign of %g as bfloat16", xs[i]);
    }
  }
}

// long_sums are over so many rows that one float32 would lose of them: a strip of rows is summed up at a time, then in double.
template <class T> void long_sums(const RowKernels<T> &kernels) {
  for (const int64_t channels : {3, 65}) {
    const int64_t rows = 100'000 / channels * 3;
    const auto x = test::randoms<T>(rows * channels), dy = test::randoms<T>(rows * channels);
    test::Input<float> mean(channels), one(channels), shift(channels);
    for (int64_t c = 0; c < channels; c++) mean[c] = -1 + 0.01f * test::uniform(), one[c] = 1, shift[c] = 3;
    const Norm norm{channels, mean.data(), one.data(), shift.data(), 1};
    std::vector<double> sum(channels), square(channels), got_sum(channels), got_square(channels);
    std::vector<double> g(channels), product(channels), got_g(channels), got_product(channels);
    for (int64_t i = 0; i < rows * channels; i++) {
      const double d = test::value(x[i]) - mean[i % channels], grad = test::value(dy[i]);
      sum[i % channels] += d, square[i % channels] += d * d, g[i % channels] += grad, product[i % channels] += grad * d;
    }
    kernels.moments(x.data(), rows, channels, mean.data(), got_sum.data(), got_square.data());
    kernels.norm_sums(x.data(), dy.data(), rows, norm, got_g.data(), got_product.data());
    // The sum of a strip of 64 values about 1 grows to 64. Each addition loses up to half a unit of it, 6e-8, and where the
    // values are coarse all the same way. A single float32 sum would lose as much of all rows so far: four times the limit
    // by chance in float32.
    const double loss = 6e-8 * 64 / 2 * rows;
    for (int64_t c = 0; c < channels; c++) {
      close(got_sum[c], sum[c], loss, "%s: the sum of %ld rows", test::name<T>(), rows);
      close(got_square[c], square[c], 2 * loss, "%s: squares of %ld rows", test::name<T>(), rows);
      close(got_g[c], g[c], loss, "%s: gradients of %ld rows", test::name<T>(), rows);
      close(got_product[c], product[c], loss, "%s: products of %ld rows", test::name<T>(), rows);
    }
  }
}

template <class T> void row_kernels_of(const RowKernels<T> &kernels) {
  for (const int64_t channels : {1, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 130})
    for (const int64_t rows : {1, 2, 5, 63, 64, 65, 130}) {
      const int64_t n = rows * channels;
      const auto x = test::randoms<T>(n);
      auto dy = test::randoms<T>(n); // 0 where y is within rounding of 0: there its side is chance
      const auto mean = test::randoms<float>(channels), scale = test::randoms<float>(channels, 3),
                 shift = test::randoms<float>(channels);
      const auto a = test::randoms<float>(channels), b = test::randoms<float>(channels);
      const Norm norm{channels, mean.data(), scale.data(), shift.data(), test::coin() ? 0.2f : 0};
      std::vector<double> y(n), sum(channels), square(channels), g(channels), product(channels), size(channels);
      for (int64_t i = 0; i < n; i++) {
        const int64_t c = i % channels;
        y[i] = (test::value(x[i]) - mean[c]) * scale[c] + shift[c];
        if (std::fabs(y[i]) < 1e-5) dy[i] = test::of<T>(0);
        const double d = test::value(x[i]) - mean[c], grad = test::value(dy[i]) * (y[i] > 0 ? 1 : norm.slope);
        sum[c] += d, square[c] += d * d, g[c] += grad, product[c] += grad * d,
            size[c] += std::fabs(d) + std::fabs(grad) + std::fabs(grad * d);
      }
      test::Guarded<double> got_sum(channels), got_square(channels), got_g(channels), got_product(channels);
      for (int64_t c = 0; c < channels; c++)
        got_sum[c] = got_square[c] = got_g[c] = got_product[c] = c; // they are added to
      kernels.moments(x.data(), rows, channels, mean.data(), got_sum.data(), got_square.data());
      kernels.norm_sums(x.data(), dy.data(), rows, norm, got_g.data(), got_product.data());
      test::Guarded<T> normed(n), dx(n);
      kernels.norm(x.data(), rows, norm, normed.data());
      kernels.norm_grad(x.data(), dy.data(), rows, norm, a.data(), b.data(), dx.data());
      for (int64_t c = 0; c < channels; c++) {
        const double limit = 2e-6 * size[c] + 1e-12 * c; // half of the worst that 64 additions of a strip can do
        close(got_sum[c], c + sum[c], limit, "%s, %ld rows of %ld: sum of moments",
              test::name<T>(), rows, channels);
        close(got_square[c], c + square[c], limit, "%s, %ld rows of %ld: squares of moments",
              test::name<T>(), rows, channels);
        close(got_g[c], c + g[c], limit, "%s, %ld rows of %ld: norm_sums, sum", test::name<T>(),
              rows, channels);
        close(got_product[c], c + product[c], limit, "%s, %ld rows of %ld: norm_sums, product",
              test::name<T>(), rows, channels);
      }
      for (int64_t i = 0; i < n; i++) {
        const int64_t c = i % channels;
        const double out = y[i] > 0 ? y[i] : y[i] * norm.slope, grad = test::value(dy[i]) * (y[i] > 0 ? 1 : norm.slope);
        const double want = scale[c] * (grad - a[c] - (test::value(x[i]) - mean[c]) * b[c]);
        close(test::value(normed[i]), out, 2e-6 + test::unit<T> * std::fabs(out), "%s, %ld rows of %ld: norm",
              test::name<T>(), rows, channels);
        close(test::value(dx[i]), want, 4e-6 + test::unit<T> * std::fabs(want), "%s, %ld rows of %ld: norm_grad",
              test::name<T>(), rows, channels);
      }
    }
}

template <class T> void by_value(const RowKernels<T> &kernels) {
  for (const int64_t n : {1, 7, 8, 9, 15, 16, 17, 33, 100}) {
    const auto x = test::randoms<float>(n);
    const auto y = test::randoms<T>(n), dy = test::randoms<T>(n);
    for (const float slope : {1.0f, 0.2f, 0.0f}) {
      test::Guarded<T> out(n), dx(n);
      kernels.leaky_relu(x.data(), n, slope, out.data());
      kernels.leaky_grad(y.data(), dy.data(), n, slope, dx.data());
      for (int64_t i = 0; i < n; i++) {
        const double want = x[i] > 0 ? x[i] : x[i] * static_cast<double>(slope),
                     grad = test::value(dy[i]) * (test::value(y[i]) > 0 ? 1 : slope);
        close(test::value(out[i]), want, test::unit<T> * std::fabs(want), "leaky_relu");
        close(test::value(dx[i]), grad, test::unit<T> * std::fabs(grad), "leaky_grad");
      }
    }
    const int64_t rows = 9, indices = 4;
    const auto m = test::randoms<T>(rows * n);
    test::Input<int64_t> index(rows);
    test::Guarded<float> sums(indices * n);
    std::vector<double> want(indices * n);
    for (int64_t i = 0; i < indices * n; i++) want[i] = sums[i] = i % 3;
    for (int64_t r = 0; r < rows; r++) {
      index[r] = test::bits() % indices;
      for (int64_t c = 0; c < n; c++) want[index[r] * n + c] += test::value(m[r * n + c]);
    }
    kernels.sum_by(m.data(), index.data(), rows, n, sums.data());
    for (int64_t i = 0; i < indices * n; i++) close(sums[i], want[i], 3e-6, "sum_by");
  }
}

void adam(AdamStep step) {
  const Adam a{0.5f, 0.999f, 0.001f, 1e-3f, 0.1f, std::sqrt(0.01f)};
  for (const int64_t n : {1, 7, 8, 15, 16, 17, 33, 1000}) {
    const auto p = test::randoms<float>(n), g = test::randoms<float>(n), m = test::randoms<float>(n);
    auto v = test::randoms<float>(n);
    test::Guarded<float> param(n), mean(n), squares(n);
    for (int64_t i = 0; i < n; i++)
      param[i] = p[i], mean[i] = m[i], squares[i] = v[i] = i % 3 == 0 ? 0 : std::fabs(v[i]);
    step(param.data(), g.data(), mean.data(), squares.data(), n, a);
    for (int64_t i = 0; i < n; i++) {
      const double m2 = m[i] + (static_cast<double>(g[i]) - m[i]) * a.rest1,
                   v2 = static_cast<double>(v[i]) * a.beta2 + static_cast<double>(g[i]) * g[i] * a.rest2;
      close(mean[i], m2, 3e-7, "Adam's mean");
      close(squares[i], v2, 3e-7, "Adam's mean of squares");
      const double moved = p[i] - a.step_size * m2 / (std::sqrt(v2) / a.correction + a.eps);
      close(param[i], moved, 3e-6 + 1.2e-7 * std::fabs(moved), "Adam's parameter"); // a large one is coarser
    }
  }
}

// same_bits: the emulation is the instructions, bit for bit: of numbers, of products that are denormal, and of any bits.
void same_bits(const KernelSet &real, const KernelSet &emulated) {
  const GemmKernel<BFloat> &gemm = *real.gemm_bf16;
  auto equal = [](const char *what, float got, float want) {
    uint32_t g, w;
    memcpy(&g, &got, 4), memcpy(&w, &want, 4);
    if (std::isnan(want)) return close(got, want, 0, "%s", what);
    if (g != w) close(NAN, 0, 0, "%s: bits %08x, want %08x", what, g, w);
  };
  for (int i = 0; i < 60; i++) {
    const float scale =
        std::ldexp(1.0f, static_cast<int>(test::pick({0, 10, -60, -63}))); // products of the last ones are denormal
    const bool any = i % 3 == 0;
    auto random = [&] {
      const uint32_t bits = static_cast<uint32_t>(test::bits()) << 16 &
                            (test::bits() % 4 ? 0xffff0000 : 0x807f0000); // one of four denormal
      float f;
      memcpy(&f, &bits, sizeof f);
      return any ? f : test::uniform() * scale;
    };
    const int64_t k = test::pick({2, 32, 64, 160});
    Operand<BFloat, BFloat> left(gemm, Side::left, Contiguous::k, 32, k, random, false),
        right(gemm, Side::right, Contiguous::k, 32, k, random, false);
    test::Guarded<float> c(kBlock * kBlock), d(kBlock * kBlock);
    for (int64_t j = 0; j < kBlock * kBlock; j++) c[j] = d[j] = random() * (j % 5 ? 1 : 1e-38f);
    const PanelPair pair{left.packed.data(), right.packed.data()};
    for (auto [kernel, out] : {std::pair{&gemm, c.data()}, std::pair{emulated.gemm_bf16, d.data()}}) {
      const Blocks<BFloat> configured(*kernel);
      kernel->block(&pair, 1, kernel->k_steps(k), kBlock, 2, left.layout(gemm), right.layout(gemm), out, kBlock, i % 2,
                    nullptr);
    }
    for (int64_t j = 0; j < kBlock * kBlock; j++) equal("a product of bfloat16, emulated", d[j], c[j]);
  }
  const int64_t n = 100'000;
  test::Input<float> x(n);
  for (float &v : x) {
    const uint32_t bits = static_cast<uint32_t>(test::bits());
    memcpy(&v, &bits, sizeof v);
  }
  test::Guarded<BFloat> y(n), z(n);
  real.rows_bf16->leaky_relu(x.data(), n, 1, y.data());
  emulated.rows_bf16->leaky_relu(x.data(), n, 1, z.data());
  for (int64_t i = 0; i < n; i++) equal("rounding, emulated", test::value(z[i]), test::value(y[i]));
}

template <class T> void all_of(const GemmKernel<T> *gemm, const RowKernels<T> *rows) {
  products<T, T>(*gemm);
  if constexpr (!std::is_same_v<T, float>) products<T, float>(*gemm);
  unpacked<T>(*gemm);
  unpacked_right<T>(*gemm);
  stores<T>(*gemm);
  not_finite<T>(*gemm);
  row_kernels_of<T>(*rows);
  by_value<T>(*rows);
  long_sums<T>(*rows);
}

const struct {
  const char *name;
  Support (*support)();
} kSets[] = {
    {"reference", reference},
#ifdef __x86_64__
    {"amx", amx},
    {"avx512_bf16", avx512_bf16},
    {"avx512", avx512},
    {"avx2", avx2},
    {"emulated-amx", emulated_amx},
    {"emulated-avx512_bf16", emulated_avx512_bf16},
    {"emulated-avx512", emulated_avx512},
    {"emulated-avx2", emulated_avx2},
#elif defined(__aarch64__)
    {"neon_bf16", neon_bf16},
    {"neon", neon},
#endif
};

void read_too_far(int) {
  const char why[] = "a kernel reads or writes where it may not: after the end of an input, or at null\n";
  if (write(2, why, sizeof why - 1) > 0) _exit(1);
  _exit(1);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "driver SET SEED\n"), 2;
  const auto named = std::find_if(std::begin(kSets), std::end(kSets),
                                  [&](const auto &set) { return strcmp(argv[1], set.name) == 0; });
  if (named == std::end(kSets) || named->support == nullptr) return fprintf(stderr, "there is no set %s\n", argv[1]), 2;
  const Support s = named->support();
  if (s.set == nullptr) return printf("%s\n", s.lacks), 3;
  test::set_name = argv[1];
  signal(SIGSEGV, read_too_far);
  test::state = strtoull(argv[2], nullptr, 10);
  all_of<float>(s.set->gemm_f32, s.set->rows_f32);
  all_of<BFloat>(s.set->gemm_bf16, s.set->rows_bf16);
  every_bit(*s.set->gemm_f32);
  rounding(*s.set->rows_bf16);
  adam(s.set->adam);
#ifdef __x86_64__
  if (strcmp(argv[1], "emulated-amx") == 0 && amx().set != nullptr) same_bits(*amx().set, *s.set);
  if (strcmp(argv[1], "emulated-avx512_bf16") == 0 && avx512_bf16().set != nullptr)
    same_bits(*avx512_bf16().set, *s.set);
#endif
  printf("%ld checks\n", test::checks);
  return test::failures == 0 ? 0 : (fprintf(stderr, "%d of %ld checks failed\n", test::failures, test::checks), 1);
}
