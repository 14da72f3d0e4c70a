// Memory for packed operands, kept from one product to the next. Taken from the heap each time, where small
// blocks that live on settle in the holes that big ones leave, it would make the heap grow.
#pragma once

#include <ATen/ATen.h>

namespace cgan {

// Scratch holds at least so many bytes until its end, for one thread or many.
class Scratch {
public:
  Scratch() = default; // nothing
  explicit Scratch(int64_t bytes);
  ~Scratch();
  Scratch(Scratch &&) = default;
  char *data() const { return static_cast<char *>(memory.data_ptr()); }

private:
  at::Tensor memory;
};

} // namespace cgan
