// Random numbers and checks of the driver.
#pragma once

#include "../kernels.h"

#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

namespace test {

using cgan::BFloat;

inline uint64_t state = 1;
inline uint64_t bits() { // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}
inline float uniform() {
  return static_cast<float>(static_cast<double>(bits() >> 11) / (1ull << 53) * 2 - 1);
} // in [-1, 1)
inline bool coin() { return bits() & 1; }
inline int64_t pick(std::initializer_list<int64_t> of) { return of.begin()[bits() % of.size()]; }

inline double value(float v) { return v; }
inline double value(BFloat v) {
  const uint32_t b = static_cast<uint32_t>(v.bits) << 16;
  float f;
  memcpy(&f, &b, sizeof f);
  return f;
}
template <class T> T of(float v);
template <> inline float of<float>(float v) { return v; }
template <> inline BFloat of<BFloat>(float v) {
  uint32_t b;
  memcpy(&b, &v, sizeof b);
  if (v != v) return {static_cast<uint16_t>(b >> 16 | 0x40)};
  return {static_cast<uint16_t>((b + 0x7fff + (b >> 16 & 1)) >> 16)};
}
template <class T> const char *name();
template <> inline const char *name<float>() { return "float32"; }
template <> inline const char *name<BFloat>() { return "bfloat16"; }

// What rounding to T may change, as a share.
template <class T> constexpr double unit = 6e-8;
template <> constexpr double unit<BFloat> = 1.0 / 256;

// Input is memory for n values that end where no memory follows: a kernel that reads more of them stops the driver.
template <class T> class Input {
public:
  explicit Input(int64_t n = 0) : count(n) {
    if (n == 0) return;
    const size_t page = sysconf(_SC_PAGESIZE), pages = (n * sizeof(T) + page - 1) / page;
    bytes = (pages + 1) * page;
    void *const all = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(static_cast<char *>(all) + pages * page, page, PROT_NONE) != 0)
      perror("memory for inputs"), exit(2);
    memory = static_cast<char *>(all);
    values = reinterpret_cast<T *>(memory + pages * page) - n;
  }
  ~Input() {
    if (memory != nullptr) munmap(memory, bytes);
  }
  Input(Input &&other) noexcept : count(other.count), bytes(other.bytes), memory(other.memory), values(other.values) {
    other.memory = nullptr;
  }
  Input &operator=(Input &&other) noexcept {
    std::swap(count, other.count), std::swap(bytes, other.bytes), std::swap(memory, other.memory),
        std::swap(values, other.values);
    return *this;
  }
  const T *data() const { return values; }
  T &operator[](int64_t i) { return values[i]; }
  const T &operator[](int64_t i) const { return values[i]; }
  T *begin() { return values; }
  T *end() { return values + count; }

private:
  int64_t count;
  size_t bytes = 0;
  char *memory = nullptr;
  T *values = nullptr;
};

template <class T> Input<T> randoms(int64_t n, float scale = 1) {
  Input<T> v(n);
  for (T &x : v) x = of<T>(uniform() * scale);
  return v;
}

inline const char *set_name = "";
inline int failures = 0;
inline long checks = 0;

// close checks got against want, within limit, both ways: a NaN is close to a NaN alone. What is wrong is told by format.
inline void close(double got, double want, double limit, const char *format, ...) __attribute__((format(printf, 4, 5)));
inline void close(double got, double want, double limit, const char *format, ...) {
  checks++;
  if (std::isnan(want) ? std::isnan(got) : got == want || std::fabs(got - want) <= limit) return;
  if (++failures > 10) return;
  char what[256];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  fprintf(stderr, "%s: %s: got %.9g, want %.9g, within %.2g\n", set_name, what, got, want, limit);
}

// Guarded is memory for n values, aligned as tensors are, between guards that must stay as they are.
template <class T> class Guarded {
public:
  static constexpr char kFill = 0x55;

  explicit Guarded(int64_t n)
      : count(n), bytes((n * sizeof(T) + 63) / 64 * 64),
        memory(static_cast<char *>(aligned_alloc(64, bytes + 2 * kGuard))) {
    memset(memory, kFill, bytes + 2 * kGuard);
  }
  ~Guarded() {
    long touched = 0;
    for (size_t i = 0; i < kGuard; i++) touched += memory[i] != kFill;
    for (size_t i = kGuard + count * sizeof(T); i < bytes + 2 * kGuard; i++) touched += memory[i] != kFill;
    if (touched > 0) close(touched, 0, 0, "bytes written outside of %ld values", count);
    free(memory);
  }
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;
  T *data() { return reinterpret_cast<T *>(memory + kGuard); }
  T &operator[](int64_t i) { return data()[i]; }

private:
  static constexpr size_t kGuard = 256;
  int64_t count;
  size_t bytes;
  char *memory;
};

} // namespace test
