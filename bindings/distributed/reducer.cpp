#include "process_group.h"

#include <limits>
#include <torch/csrc/distributed/c10d/reducer.hpp>

using cgan::guarded;
using c10d::Reducer;
using Buckets = std::vector<std::vector<size_t>>;

namespace {

// Halved sends gradients as bfloat16, which takes half of the bytes: bf16_compress_hook of
// torch/distributed/algorithms/ddp_comm_hooks/default_hooks.py, which divides before it adds.
struct Halved : c10d::CommHookInterface {
  explicit Halved(cgan::GroupPtr group, int size) : group(std::move(group)), size(size) {}

  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket &bucket) override {
    std::vector<at::Tensor> sent = {bucket.getBuffer().to(at::kBFloat16).div_(size)};
    auto work = group->getBackend(c10::DeviceType::CPU)->allreduce(sent);
    return work->getFuture();
  }

  at::Tensor parseHookResult(const c10::IValue &result) override {
    const at::Tensor got = result.isTensor() ? result.toTensor() : result.toTensorVector()[0];
    return got.to(at::kFloat);
  }

  cgan::GroupPtr group;
  int size;
};

// make is new Reducer for the constructors of libtorch 2.1 and of 2.15, with the defaults of DistributedDataParallel.
template <class R>
R *make(const std::vector<at::Tensor> &params, const Buckets &buckets, const std::vector<size_t> &limits,
        const cgan::GroupPtr &group) {
  const std::vector<bool> sparse(params.size(), false);
  const std::unordered_map<size_t, std::string> names;
  const int64_t cap = c10d::kDefaultBucketBytesCap, first = c10d::kDefaultFirstBucketBytes;
  if constexpr (std::is_constructible_v<R, std::vector<at::Tensor>, Buckets, std::vector<size_t>, cgan::GroupPtr,
                                        std::vector<bool>, int64_t, bool, bool,
                                        std::unordered_map<size_t, std::string>, int64_t>)
    return new R(params, buckets, limits, group, sparse, cap, false, false, names, first);
  else
    return new R(params, buckets, group, sparse, cap, false, false, names, first, false, false, std::vector<int64_t>());
}

} // namespace

char *cgan_reducer_new(cgan_process_group self, size_t count, const cgan_tensor *handles, int bf16, cgan_reducer *out) {
  return guarded([&] {
    std::vector<at::Tensor> params;
    for (size_t i = 0; i < count; i++) params.push_back(cgan::tensor(handles[i]));
    auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(
        params, {std::numeric_limits<int64_t>::max()}); // one, until the order of gradients is known
    const cgan::GroupPtr &group = cgan::group(self);
    auto reducer = std::unique_ptr<Reducer>(make<Reducer>(params, buckets, limits, group));
    if (bf16) reducer->register_comm_hook(std::make_unique<Halved>(group, group->getSize()));
    *out = reducer.release();
  });
}

// What DistributedDataParallel.forward does before and after the module's. Once, after the first backward pass, buckets are
// laid out anew in the order in which gradients came.
char *cgan_reducer_prepare(cgan_reducer self) {
  return guarded([&] {
    auto &reducer = *static_cast<Reducer *>(self);
    reducer.prepare_for_forward();
    reducer.rebuild_buckets();
    reducer.prepare_for_backward({});
  });
}

char *cgan_reducer_free(cgan_reducer self) {
  return guarded([&] { delete static_cast<Reducer *>(self); });
}
