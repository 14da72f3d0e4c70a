// Products of float32 in GCC's vectors, included after simd.h in the same way. A panel of K x 16 lies
// row by row, on both sides.

void pack_floats(Side, Contiguous contiguous, const RowPointers<float> &a, char *begin, size_t stride) {
  const int64_t k = contiguous == Contiguous::panel ? a.count : a.length,
                width = contiguous == Contiguous::panel ? a.length : a.count;
  for (int64_t panel = 0; panel < width; panel += kPanel, begin += stride) {
    float *const out = reinterpret_cast<float *>(begin);
    if (contiguous == Contiguous::panel) {
      for (int64_t i = 0; i < k; i++)
        for (int64_t n = 0; n < kPanel; n += WIDTH)
          put(out + i * kPanel + n, WIDTH,
              a.row[i] && n < width - panel ? at(a.row[i] + panel + n, width - panel - n) : V{});
      continue;
    }
    for (int64_t j = 0; j < kPanel; j++) {
      const float *row = panel + j < width ? a.row[panel + j] : nullptr;
      for (int64_t i = 0; i < k; i++) out[i * kPanel + j] = row ? row[i] : 0;
    }
  }
}

// sums is Rows rows of a left panel times Right right panels, in Wide vectors of each.
template <int Rows, int Right> INLINE void sums(const PanelPair *pairs, int64_t count, int64_t k, size_t left,
                                                size_t right, size_t panel, float *c, int64_t ldc, bool add) {
  constexpr int Wide = kPanel / WIDTH;
  V sum[Rows][Right * Wide];
  for (int r = 0; r < Rows; r++)
    for (int n = 0; n < Right * Wide; n++) sum[r][n] = add ? at(c + r * ldc + n * WIDTH, WIDTH) : V{};
  for (int64_t s = 0; s < count; s++) {
    const float *a = reinterpret_cast<const float *>(pairs[s].left + left);
    const char *b = pairs[s].right + right;
    for (int64_t i = 0; i < k; i++, a += kPanel, b += kPanel * sizeof(float)) {
      V row[Right * Wide];
      for (int n = 0; n < Right * Wide; n++) memcpy(&row[n], b + n / Wide * panel + n % Wide * sizeof(V), sizeof(V));
      for (int r = 0; r < Rows; r++)
        for (int n = 0; n < Right * Wide; n++) sum[r][n] += a[r] * row[n];
    }
  }
  for (int r = 0; r < Rows; r++)
    for (int n = 0; n < Right * Wide; n++) put(c + r * ldc + n * WIDTH, WIDTH, sum[r][n]);
}

void store(Block<float> &b) {
  along(b.columns, [&](int64_t n, auto count) {
    const BlockEpilogue &e = b.epilogue;
    const V scale = e.scale ? at(e.scale + n, count) : V{} + 1,
            bias = e.bias && !e.row_bias ? at(e.bias + n, count) : V{};
    const V pivot = b.pivot ? at(b.pivot + n, Whole()) : V{};
    V distances{}, squares{};
    for (int64_t r = 0; r < b.rows; r++) {
      const V more = e.row_bias ? at(e.row_bias[r] + n, count) : bias,
              v = leaky(at(b.sums + r * kBlock + n, Whole()) * scale + more, e.slope), d = v - pivot;
      put(b.out + r * b.ld + n, count, v);
      distances += d;
      squares += d * d;
    }
    put(b.distances + n, Whole(), distances);
    put(b.squares + n, Whole(), squares);
  });
}

// block_floats takes as many rows and panels at once as the registers hold sums.
template <int Rows, int Right> void block_floats(const PanelPair *s, int64_t count, int64_t k, int left, int right,
                                                 const Layout &of_left, const Layout &of_right, float *c, int64_t ldc,
                                                 bool add, Block<float> *before) {
  if (before != nullptr) store(*before);
  for (int64_t m = 0; m < left * kPanel; m += Rows) {
    const size_t row = m / kPanel * of_left.panel + m % kPanel * sizeof(float);
    for (int n = 0; n < right;) {
      float *to = c + m * ldc + n * kPanel;
      if (right - n >= Right) {
        sums<Rows, Right>(s, count, k, row, n * of_right.panel, of_right.panel, to, ldc, add);
        n += Right;
      } else {
        sums<Rows, 1>(s, count, k, row, n * of_right.panel, of_right.panel, to, ldc, add);
        n++;
      }
    }
  }
}

void nothing() {}

template <int Rows, int Right> constexpr GemmKernel<float> floats() {
  return {1,
          kPanel * sizeof(float),
          kPanel * sizeof(float),
          false,
          pack_floats,
          pack_floats,
          block_floats<Rows, Right>,
          store,
          nothing,
          nothing};
}
