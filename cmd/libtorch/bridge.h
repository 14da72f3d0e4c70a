// Stands in for what libtorch dropped or changed since gotch was generated.
// A function declared in torch itself hides one that torch only imports from
// at, so these satisfy gotch's calls on every supported libtorch.
#pragma once

#include <torch/version.h>
#if TORCH_VERSION_MAJOR != CGAN_TORCH_MAJOR || TORCH_VERSION_MINOR != CGAN_TORCH_MINOR
#error "other headers of libtorch come first: take their -I out of CGO_CXXFLAGS, CGO_CPPFLAGS (see go env) and CXX"
#endif

#include <stdexcept>
#include <string>
#include <torch/torch.h>
#include <tuple>
#include <vector>

namespace torch {

template <class R> R absent(const char *name) {
  throw std::runtime_error(std::string(name) + " is not in this libtorch");
}

#define ABSENT(name, ...)                                                                                              \
  template <class... A> __VA_ARGS__ name(A &&...) { return absent<__VA_ARGS__>(#name); }

ABSENT(align_tensors, std::vector<Tensor>)
ABSENT(cholesky, Tensor)
ABSENT(cholesky_out, Tensor)
ABSENT(qr, std::tuple<Tensor, Tensor>)
ABSENT(qr_out, std::tuple<Tensor, Tensor>)
ABSENT(_cslt_sparse_mm, Tensor)
ABSENT(_scaled_mm, std::tuple<Tensor, Tensor>)
ABSENT(_scaled_mm_out, std::tuple<Tensor, Tensor>)

#undef ABSENT

} // namespace torch

// A member can't be added from outside: call another of the same type.
#define align_as(other) contiguous(torch::absent<at::MemoryFormat>("align_as"))
