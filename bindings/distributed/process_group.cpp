#define USE_C10D_GLOO // as libtorch_cpu.so was built
#include "process_group.h"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

using cgan::group;
using cgan::guarded;
using cgan::tensor;
using c10d::ProcessGroupGloo;

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
