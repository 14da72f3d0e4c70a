#define USE_C10D_GLOO // as libtorch_cpu.so was built
#include "process_group.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

using cgan::group;
using cgan::guarded;
using cgan::tensor;
using c10d::ProcessGroupGloo;

namespace {

// Summed is the sum over the ranks, whose gradient is the sum of the ranks' gradients, to any order: _AllReduce of
// torch/distributed/nn/functional.py.
struct Summed : torch::autograd::Function<Summed> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, cgan::GroupPtr *group) {
    ctx->saved_data["group"] = reinterpret_cast<int64_t>(group);
    std::vector<at::Tensor> sum = {x.clone(at::MemoryFormat::Contiguous)};
    (*group)->getBackend(c10::DeviceType::CPU)->allreduce(sum)->wait();
    return sum[0];
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::tensor_list grads) {
    auto *group = reinterpret_cast<cgan::GroupPtr *>(ctx->saved_data["group"].toInt());
    return {apply(grads[0], group), at::Tensor()};
  }
};

} // namespace

char *cgan_process_group_new(cgan_store store, const char *prefix, int rank, int size, const char *interface, const char *address,
                             int64_t timeout_ms, cgan_process_group *out) {
  return guarded([&] {
    const auto &shared = *static_cast<c10::intrusive_ptr<c10d::Store> *>(store);
    auto options = ProcessGroupGloo::Options::create(std::chrono::milliseconds(timeout_ms));
    options->devices.push_back(*interface != '\0' ? ProcessGroupGloo::createDeviceForInterface(interface)
                                                  : ProcessGroupGloo::createDeviceForHostname(address));
    auto gloo = c10::make_intrusive<ProcessGroupGloo>(c10::make_intrusive<c10d::PrefixStore>(prefix, shared), rank, size, options);
    auto made = c10::make_intrusive<c10d::ProcessGroup>(rank, size);
    made->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO,
                     c10::intrusive_ptr<c10d::Backend>(gloo));
    *out = new cgan::GroupPtr(made);
  });
}

char *cgan_all_reduce(cgan_process_group self, cgan_tensor value, int max) {
  return guarded([&] {
    std::vector<at::Tensor> tensors = {tensor(value)};
    c10d::AllreduceOptions options;
    if (max) options.reduceOp = c10d::ReduceOp::MAX;
    group(self)->getBackend(c10::DeviceType::CPU)->allreduce(tensors, options)->wait();
  });
}

char *cgan_all_reduce_differentiable(cgan_process_group self, cgan_tensor value, cgan_tensor *out) {
  return guarded([&] { *out = cgan::handle(Summed::apply(tensor(value), &group(self))); });
}

char *cgan_broadcast(cgan_process_group self, cgan_tensor value, int source) {
  return guarded([&] {
    std::vector<at::Tensor> tensors = {tensor(value)};
    c10d::BroadcastOptions options;
    options.rootRank = source;
    group(self)->getBackend(c10::DeviceType::CPU)->broadcast(tensors, options)->wait();
  });
}

char *cgan_all_gather(cgan_process_group self, cgan_tensor value, int size, cgan_tensor *out) {
  return guarded([&] {
    std::vector<at::Tensor> in = {tensor(value)};
    std::vector<std::vector<at::Tensor>> all(1);
    for (int i = 0; i < size; i++) all[0].push_back(at::empty_like(in[0]));
    group(self)->getBackend(c10::DeviceType::CPU)->allgather(all, in)->wait();
    *out = cgan::handle(at::stack(all[0]));
  });
}

char *cgan_barrier(cgan_process_group self) {
  return guarded([&] { group(self)->getBackend(c10::DeviceType::CPU)->barrier()->wait(); });
}
