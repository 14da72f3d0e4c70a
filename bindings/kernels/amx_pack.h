// Operands as tiles, for amx.cpp alone.

inline __mmask16 first(int64_t n) { return n >= 16 ? 0xffff : n <= 0 ? 0 : static_cast<__mmask16>((1u << n) - 1); }

inline __mmask32 first32(int64_t n) { return n >= 32 ? ~0u : (1u << n) - 1; }

inline __m512 floats16(const float *p, int64_t n) { return _mm512_maskz_loadu_ps(first(n), p); }

// cut takes the first part out of v, the upper half of its bits, rounded, and leaves the rest. To round a NaN could make
// zero or infinity of it: its part is a quiet one.
inline __m512i cut(__m512 &v) {
  const __m512i half = _mm512_set1_epi32(0x8000), upper = _mm512_set1_epi32(0xffff0000), quiet = _mm512_set1_epi32(0x400000);
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i rounded = _mm512_mask_or_epi32(_mm512_add_epi32(bits, half), _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), bits, quiet);
  const __m512i part = _mm512_and_si512(rounded, upper);
  v = _mm512_sub_ps(v, _mm512_castsi512_ps(part));
  return part;
}

// along_k reads up to 32 values of one row.
template <int Parts> inline void along_k(const float *p, int64_t n, __m512i *out) {
  __m512 low = floats16(p, n), high = floats16(p + 16, n - 16);
  if (Parts == 1) {
    out[0] = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    return;
  }
  alignas(64) static constexpr uint16_t upper[32] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
                                                     33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
  for (int part = 0; part < Parts; part++) {
    const __m512i l = cut(low), h = cut(high);
    out[part] = _mm512_permutex2var_epi16(l, _mm512_load_si512(upper), h);
  }
}
template <int Parts> inline void along_k(const BFloat *p, int64_t n, __m512i *out) {
  out[0] = _mm512_maskz_loadu_epi16(first32(n), p);
}

// across_k reads up to 16 values of two rows that follow each other in K, as 16 pairs.
template <int Parts> inline void across_k(const float *p, const float *q, int64_t n, __m512i *out) {
  __m512 low = p ? floats16(p, n) : _mm512_setzero_ps(), high = q ? floats16(q, n) : _mm512_setzero_ps();
  if (Parts == 1) {
    alignas(64) static constexpr uint16_t order[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                       8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
    out[0] = _mm512_permutexvar_epi16(_mm512_load_si512(order), (__m512i)_mm512_cvtne2ps_pbh(high, low));
    return;
  }
  for (int part = 0; part < Parts; part++) {
    const __m512i l = cut(low), h = cut(high);
    out[part] = _mm512_or_si512(_mm512_srli_epi32(l, 16), h);
  }
}
template <int Parts> inline void across_k(const BFloat *p, const BFloat *q, int64_t n, __m512i *out) {
  const __m256i zero = _mm256_setzero_si256();
  const __m512i low = _mm512_cvtepu16_epi32(p ? _mm256_maskz_loadu_epi16(first(n), p) : zero);
  const __m512i high = _mm512_cvtepu16_epi32(q ? _mm256_maskz_loadu_epi16(first(n), q) : zero);
  out[0] = _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
}

// transpose turns 16 x 16 values of 32 bits.
inline void transpose(__m512i *r) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + 2 + j]);
      r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + 2 + j]);
    }
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 16; j += 8) {
      t[j + i] = _mm512_shuffle_i32x4(r[j + i], r[j + i + 4], 0x88);
      t[j + i + 4] = _mm512_shuffle_i32x4(r[j + i], r[j + i + 4], 0xdd);
    }
  for (int i = 0; i < 8; i++) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
  }
}

// pack fills the tiles of one operand: a left tile is 16 rows of 32 of K, a right one 16 pairs of K by 16
// columns, which is the left one's transpose by pairs.
template <class T, int Parts>
void pack(Side side, Contiguous contiguous, const RowPointers<T> &a, char *begin, size_t stride) {
  const bool panelwise = contiguous == Contiguous::panel, turn = panelwise == (side == Side::left);
  const int64_t k = panelwise ? a.count : a.length, width = panelwise ? a.length : a.count;
  auto row = [&](int64_t i) { return i < a.count ? a.row[i] : nullptr; };
  auto tile = [&](int64_t panel, int64_t step) {
    __m512i rows[Parts][16];
    for (int r = 0; r < 16; r++) {
      __m512i parts[Parts] = {};
      if (panelwise) {
        const T *p = row(step + 2 * r), *q = row(step + 2 * r + 1);
        across_k<Parts>(p ? p + panel : p, q ? q + panel : q, width - panel, parts);
      } else if (const T *p = row(panel + r)) {
        along_k<Parts>(p + step, k - step, parts);
      }
      for (int part = 0; part < Parts; part++) rows[part][r] = parts[part];
    }
    char *const out = begin + panel / kPanel * stride + step / kStep * Parts * kTile;
    for (int part = 0; part < Parts; part++) {
      if (turn) transpose(rows[part]);
      for (int r = 0; r < 16; r++) _mm512_store_si512(out + part * kTile + r * 64, rows[part][r]);
    }
  };
  if (panelwise) // a row is read to its end before the next ones are
    for (int64_t step = 0; step < k; step += kStep)
      for (int64_t panel = 0; panel < width; panel += kPanel) tile(panel, step);
  else
    for (int64_t panel = 0; panel < width; panel += kPanel)
      for (int64_t step = 0; step < k; step += kStep) tile(panel, step);
}
