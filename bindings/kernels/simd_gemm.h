// Products in GCC's vectors, included after simd.h in the same way. A packed step is 16 words of 32 bits, one for each row
// of a left and each column of a right panel. Floats and Pairs say what a word holds.

typedef float Words __attribute__((vector_size(WIDTH * 4), may_alias, aligned(2))); // in memory, where bfloat16 may lie at any even address
typedef float OneWord __attribute__((may_alias, aligned(2)));

// Floats are words of one float32, or of one T that is widened to it.
template <class T> struct Floats {
  static constexpr int64_t k_step = 1;

  // along_k is the next words of a row in which K is contiguous and has n values left.
  template <class S> INLINE V along_k(const S *p, int64_t n) { return as_t(p, n); }
  // across_k is the words of k_step rows, each of one K, from a column on that has n columns left. A null row is zeros.
  template <class S> INLINE V across_k(const S *const *row, int64_t column, int64_t n) {
    return row[0] ? as_t(row[0] + column, n) : V{};
  }
  INLINE V multiply_add(V left, V right, V sum) { return sum + left * right; }

private:
  INLINE V as_t(const T *p, int64_t n) { return at(p, n); }
  template <class S> INLINE V as_t(const S *p, int64_t n) { return widened(rounded(at(p, n))); }
};

#ifdef DOT_BF16
// Pairs are words of two bfloat16 that follow each other in K, the first one in the lower half, which DOT_BF16 multiplies.
struct Pairs {
  static constexpr int64_t k_step = 2;

  INLINE V along_k(const BFloat *p, int64_t n) {
    if (n >= 2 * WIDTH) return *(const Words *)p;
    BFloat all[2 * WIDTH] = {};
    for (int64_t i = 0; i < n; i++) all[i] = p[i];
    return *(const Words *)all;
  }
  INLINE V along_k(const float *p, int64_t n) {
    BFloat all[2 * WIDTH];
    put(all, WIDTH, at(p, n));
    put(all + WIDTH, WIDTH, n > WIDTH ? at(p + WIDTH, n - WIDTH) : V{});
    return *(const Words *)all;
  }
  template <class S> INLINE V across_k(const S *const *row, int64_t column, int64_t n) {
    return (V)(half(row[0], column, n) | half(row[1], column, n) << 16);
  }
  INLINE V multiply_add(V left, V right, V sum) { return DOT_BF16(sum, left, right); }

private:
  template <class S> INLINE U half(const S *row, int64_t column, int64_t n) {
    return row ? __builtin_convertvector(rounded(at(row + column, n)), U) : U{};
  }
};
#endif

// from_both takes lanes of a, which count from 0, and of b, which follow them.
INLINE V from_both(V a, V b, U lanes) {
#ifdef __clang__
  V v;
  for (int i = 0; i < WIDTH; i++) v[i] = lanes[i] < WIDTH ? a[lanes[i]] : b[lanes[i] - WIDTH];
  return v;
#else
  return __builtin_shuffle(a, b, lanes);
#endif
}

// transpose turns WIDTH x WIDTH words. To merge the two halves of the rows word by word doubles the distance between words
// of one row: after log2(WIDTH) times they stand in columns.
INLINE void transpose(V *rows) {
  U low, high;
  for (int i = 0; i < WIDTH; i++) low[i] = i / 2 + i % 2 * WIDTH, high[i] = low[i] + WIDTH / 2;
  for (int distance = 1; distance < WIDTH; distance *= 2) {
    V merged[WIDTH];
    for (int i = 0; i < WIDTH / 2; i++) {
      merged[2 * i] = from_both(rows[i], rows[i + WIDTH / 2], low);
      merged[2 * i + 1] = from_both(rows[i], rows[i + WIDTH / 2], high);
    }
    for (int i = 0; i < WIDTH; i++) rows[i] = merged[i];
  }
}

// pack_across packs an operand whose rows are each of one K.
template <class Word, class S> void pack_across(const RowPointers<S> &a, char *begin, size_t stride) {
  for (int64_t k = 0; k < a.count; k += Word::k_step, begin += kPanel * sizeof(float)) {
    const S *rows[Word::k_step];
    for (int64_t i = 0; i < Word::k_step; i++) rows[i] = k + i < a.count ? a.row[k + i] : nullptr;
    char *out = begin;
    for (int64_t panel = 0; panel < a.length; panel += kPanel, out += stride)
      for (int64_t n = 0; n < kPanel; n += WIDTH)
        *(Words *)(out + n * sizeof(float)) =
            panel + n < a.length ? Word::across_k(rows, panel + n, a.length - panel - n) : V{};
  }
}

// pack_along packs an operand in whose rows K is contiguous.
template <class Word, class S> void pack_along(const RowPointers<S> &a, char *begin, size_t stride) {
  const int64_t steps = (a.length + Word::k_step - 1) / Word::k_step;
  for (int64_t panel = 0; panel < a.count; panel += kPanel, begin += stride)
    for (int64_t n = 0; n < kPanel; n += WIDTH)
      for (int64_t step = 0; step < steps; step += WIDTH) {
        const int64_t k = step * Word::k_step;
        V rows[WIDTH];
        for (int64_t i = 0; i < WIDTH; i++) {
          const S *row = panel + n + i < a.count ? a.row[panel + n + i] : nullptr;
          rows[i] = row ? Word::along_k(row + k, a.length - k) : V{};
        }
        transpose(rows);
        for (int64_t i = 0; i < WIDTH && step + i < steps; i++)
          *(Words *)(begin + ((step + i) * kPanel + n) * sizeof(float)) = rows[i];
      }
}

template <class Word, class S>
void pack(Side, Contiguous contiguous, const RowPointers<S> &a, char *begin, size_t stride) {
  contiguous == Contiguous::panel ? pack_across<Word>(a, begin, stride) : pack_along<Word>(a, begin, stride);
}

// Product is what its rows have in common.
struct Product {
  const PanelPair *pairs;
  int64_t count, k_steps;
  int right;
  const Layout &of_left, &of_right;
  float *c;
  int64_t ldc;
  bool add;
};

// sums is Rows rows of left, which begin at a byte of their panel, times Right right panels from n on, in Wide vectors of
// each: row m of c and those after it.
template <class Word, int Rows, int Right> INLINE void sums(const Product &p, size_t begin, int n, int64_t m) {
  constexpr int Wide = kPanel / WIDTH;
  const size_t left_step = p.of_left.step, row = p.of_left.row, right_step = p.of_right.step, panel = p.of_right.panel;
  float *const c = p.c + m * p.ldc + n * kPanel;
  V sum[Rows][Right * Wide]; // in registers, once the loops over it are unrolled
#pragma GCC unroll 16
  for (int r = 0; r < Rows; r++)
    for (int i = 0; i < Right * Wide; i++) sum[r][i] = p.add ? at(c + r * p.ldc + i * WIDTH, WIDTH) : V{};
  for (int64_t s = 0; s < p.count; s++) {
    const char *a = p.pairs[s].left + begin, *b = p.pairs[s].right + n * panel;
    for (int64_t k = 0; k < p.k_steps; k++, a += left_step, b += right_step) {
      V words[Right * Wide];
      for (int i = 0; i < Right * Wide; i++) words[i] = *(const Words *)(b + i / Wide * panel + i % Wide * sizeof(V));
#pragma GCC unroll 16
      for (int r = 0; r < Rows; r++) {
        const V word = everywhere(*(const OneWord *)(a + r * row));
        for (int i = 0; i < Right * Wide; i++) sum[r][i] = Word::multiply_add(word, words[i], sum[r][i]);
      }
    }
  }
  for (int r = 0; r < Rows; r++)
    for (int i = 0; i < Right * Wide; i++) put(c + r * p.ldc + i * WIDTH, WIDTH, sum[r][i]);
}

// stored puts v and gives what a reader will find.
INLINE V stored(float *p, int64_t n, V v) { return put(p, n, v), v; }
INLINE V stored(BFloat *p, int64_t n, V v) { return put(p, n, v), widened(rounded(v)); }

template <class T> void store(Block<T> &b) {
  along(b.columns, [&](int64_t n, auto count) {
    const BlockEpilogue &e = b.epilogue;
    const V scale = e.scale ? at(e.scale + n, count) : V{} + 1,
            bias = e.bias && !e.row_bias ? at(e.bias + n, count) : V{};
    const V pivot = b.pivot ? at(b.pivot + n, Whole()) : V{};
    V distances{}, squares{};
    for (int64_t r = 0; r < b.rows; r++) {
      const V more = e.row_bias ? at(e.row_bias[r] + n, count) : bias,
              v = leaky(at(b.sums + r * kBlock + n, Whole()) * scale + more, e.slope),
              d = stored(b.out + r * b.ld + n, count, v) - pivot;
      distances += d;
      squares += d * d;
    }
    put(b.distances + n, Whole(), distances);
    put(b.squares + n, Whole(), squares);
  });
}

// group makes so many rows from m on, at most Rows.
template <class Word, int Rows, int Right> INLINE void group(const Product &p, int64_t m, int64_t rows) {
  if (rows == Rows) {
    const size_t begin = m / kPanel * p.of_left.panel + m % kPanel * p.of_left.row;
    int n = 0;
    for (; n + Right <= p.right; n += Right) sums<Word, Rows, Right>(p, begin, n, m);
    for (; n < p.right; n++) sums<Word, Rows, 1>(p, begin, n, m);
  } else if constexpr (Rows > 1) {
    group<Word, Rows - 1, Right>(p, m, rows);
  }
}

// block takes as many rows and panels at once as the registers hold sums: the rows of a panel in groups of nearly the same size.
template <class Word, class T, int Rows, int Right>
void block(const PanelPair *pairs, int64_t count, int64_t k_steps, int rows, int right, const Layout &of_left,
           const Layout &of_right, float *c, int64_t ldc, bool add, Block<T> *before) {
  if (before != nullptr) store(*before);
  const Product p{pairs, count, k_steps, right, of_left, of_right, c, ldc, add};
  for (int64_t m = 0; m < rows;) {
    const int64_t left = (rows - m < kPanel - m % kPanel ? rows - m : kPanel - m % kPanel), groups = (left + Rows - 1) / Rows,
                  size = (left + groups - 1) / groups;
    group<Word, Rows, Right>(p, m, size);
    m += size;
  }
}

// peak keeps Sums sums at once: as many as hide the time of one multiplication.
template <class Word, int Sums> int64_t peak(int64_t rounds) {
  volatile V one = everywhere(1); // volatile, so that the compiler computes all of it
  const V left = one, right = one;
  V sum[Sums];
  for (V &s : sum) s = one;
  for (int64_t i = 0; i < rounds; i++) {
#pragma GCC unroll 16
    for (int s = 0; s < Sums; s++) sum[s] = Word::multiply_add(left, right, sum[s]);
  }
  for (const V &s : sum) one = s;
  return rounds * Sums * WIDTH * 2 * Word::k_step;
}

void nothing() {}

// gemm is the kernel of one kind of word. T that is multiplied as it lies in memory need not be packed.
template <class Word, class T, int Rows, int Right> constexpr GemmKernel<T> gemm() {
  return {Word::k_step,
          kPanel * sizeof(float),
          sizeof(float),
          Word::k_step * sizeof(T) == sizeof(float),
          sizeof(T) == sizeof(float),
          pack<Word, T>,
          pack<Word, float>,
          block<Word, T, Rows, Right>,
          store<T>,
          nothing,
          nothing};
}

// kernel_set is all of the above: Half is a word of bfloat16, Sums are those of peak.
template <int Rows, int Right> constexpr GemmKernel<float> gemm_f32 = gemm<Floats<float>, float, Rows, Right>();
template <class Half, int Rows, int Right> constexpr GemmKernel<BFloat> gemm_bf16 = gemm<Half, BFloat, Rows, Right>();
template <class T> constexpr RowKernels<T> rows_of = row_kernels<T>();
template <class Half, int Rows, int Right, int Sums> constexpr KernelSet kernel_set(const char *name) {
  return {name,
          &gemm_f32<Rows, Right>,
          &gemm_bf16<Half, Rows, Right>,
          &rows_of<float>,
          &rows_of<BFloat>,
          adam,
          peak<Floats<float>, Sums>,
          peak<Half, Sums>};
}
