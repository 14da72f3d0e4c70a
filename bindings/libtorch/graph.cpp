// CUDA graphs: work that is captured once and launched as a whole, torch.cuda.CUDAGraph in Python.
#include "guard.h"

#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#if __has_include(<ATen/accelerator/Graph.h>)
#include <ATen/accelerator/Graph.h>
#else
#include <cstddef>
#include <dlfcn.h>
#include <utility>
#endif

using cgan::guarded;

namespace {

#if __has_include(<ATen/accelerator/Graph.h>)
using Graph = at::accelerator::Graph;
#else
// at::cuda::CUDAGraph of a libtorch that has no other way to it. Its header needs CUDA's, which a build on the CPU part
// lacks, so that its functions are found by their symbols once libtorch_cuda is loaded.
class Graph {
public:
  Graph() { call<void (*)(void *, bool)>("C1Eb")(self, false); }
  ~Graph() { call<void (*)(void *)>("D1Ev")(self); }
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;

  void capture_begin() {
    using Pool = std::pair<unsigned long long, unsigned long long>;
    call<void (*)(void *, Pool, int)>("13capture_beginESt4pairIyyE21cudaStreamCaptureMode")(self, {0, 0}, 0);
  }
  void capture_end() { call<void (*)(void *)>("11capture_endEv")(self); }
  void replay() { call<void (*)(void *)>("6replayEv")(self); }

private:
  template <class Function> static Function call(const char *name) {
    void *symbol = dlsym(RTLD_DEFAULT, (std::string("_ZN2at4cuda9CUDAGraph") + name).c_str());
    TORCH_CHECK(symbol != nullptr, "this libtorch has no CUDA graphs that cgan knows");
    return reinterpret_cast<Function>(symbol);
  }

  alignas(std::max_align_t) std::byte self[1024]; // it has less than 200 bytes
};
#endif

// The work goes to a stream of its own, since it can't be captured on the default one. The stream before comes back when
// the capture ends, or with the graph if it fails.
struct Captured {
  Graph graph;
  c10::OptionalStreamGuard stream;
};

Captured &captured(cgan_graph graph) {
  TORCH_CHECK(graph != nullptr, "graph is freed or was never made");
  return *static_cast<Captured *>(graph);
}

} // namespace

char *cgan_graph_begin(int device, cgan_graph *out) {
  return guarded([&] {
    const c10::impl::VirtualGuardImpl cuda(at::kCUDA);
    const c10::Device where(at::kCUDA, static_cast<c10::DeviceIndex>(device));
    cuda.synchronizeStream(cuda.getStream(where));
    auto graph = std::make_unique<Captured>();
    graph->stream.reset_stream(cuda.getStreamFromGlobalPool(where));
    graph->graph.capture_begin();
    *out = graph.release();
  });
}

char *cgan_graph_end(cgan_graph self) {
  return guarded([&] {
    auto &graph = captured(self);
    graph.graph.capture_end();
    graph.stream.reset();
  });
}

char *cgan_graph_replay(cgan_graph self) {
  return guarded([&] { captured(self).graph.replay(); });
}

char *cgan_graph_free(cgan_graph self) {
  return guarded([&] { delete &captured(self); });
}
