// What c10d's ProcessGroupGloo.hpp names of Gloo. Gloo's code is inside libtorch_cpu.so, but libtorch ships no headers of
// it. Nothing here is made or called by our code: the classes stand behind pointers in c10d's own.
#pragma once

#include <chrono>

namespace gloo {
class Context {
public:
  void setTimeout(std::chrono::milliseconds timeout);
};
} // namespace gloo
