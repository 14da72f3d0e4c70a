// What becomes of a block of sums, between the products of the next one, for amx.cpp alone.

// Storing stores a block row by row. A row is short: longer work between products would keep the tiles waiting.
template <class T> class Storing {
public:
  explicit Storing(Block<T> *b) : block(*b), columns(first32(b->columns)) {
    if (b->pivot == nullptr) return;
    pivot[0] = _mm512_loadu_ps(b->pivot);
    pivot[1] = _mm512_loadu_ps(b->pivot + 16);
  }

  void row(int64_t r) {
    const BlockEpilogue &e = block.epilogue;
    const float *const bias = e.row_bias != nullptr ? e.row_bias[r] : e.bias;
    __m512 v[2];
    for (int i = 0; i < 2; i++) {
      const __mmask16 here = columns >> 16 * i;
      v[i] = _mm512_load_ps(block.sums + r * kBlock + 16 * i);
      if (e.scale != nullptr) v[i] *= _mm512_maskz_loadu_ps(here, e.scale + 16 * i);
      if (bias != nullptr) v[i] += _mm512_maskz_loadu_ps(here, bias + 16 * i);
      v[i] = _mm512_mask_mul_ps(v[i], _mm512_cmp_ps_mask(v[i], _mm512_setzero_ps(), _CMP_NGT_UQ), v[i],
                                _mm512_set1_ps(e.slope));
    }
    put(block.out + r * block.ld, v);
    for (int i = 0; i < 2; i++) {
      const __m512 d = v[i] - pivot[i];
      distances[i] += d;
      squares[i] += d * d;
    }
  }

  void end() {
    for (int i = 0; i < 2; i++) {
      _mm512_store_ps(block.distances + 16 * i, distances[i]);
      _mm512_store_ps(block.squares + 16 * i, squares[i]);
    }
  }

private:
  Block<T> &block;
  const __mmask32 columns;
  __m512 pivot[2] = {}, distances[2] = {}, squares[2] = {};

  // put leaves in v what it stored.
  void put(float *p, __m512 *v) const {
    _mm512_mask_storeu_ps(p, columns, v[0]);
    _mm512_mask_storeu_ps(p + 16, columns >> 16, v[1]);
  }
  void put(BFloat *p, __m512 *v) const {
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(v[1], v[0]);
    _mm512_mask_storeu_epi16(p, columns, both);
    for (int i = 0; i < 2; i++) {
      const __m256i half = i == 0 ? _mm512_castsi512_si256(both) : _mm512_extracti64x4_epi64(both, 1);
      v[i] = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
    }
  }
};

template <class T> void store_rows(Block<T> &b) {
  Storing<T> storing(&b);
  for (int64_t r = 0; r < b.rows; r++) storing.row(r);
  storing.end();
}

// Nothing is what goes on between products where no block waits.
struct Nothing {
  explicit Nothing(const void *) {}
  void row(int64_t) {}
  void end() {}
};
