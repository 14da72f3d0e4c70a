#include "parallel.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <atomic>
#include <dlfcn.h>

namespace cgan {
namespace {

// libtorch's threads are those of its OpenMP library. The entry is looked up, not linked: linking could
// bring a second OpenMP library, whose threads would fight the first one's for the cores.
using Entry = void (*)(void (*)(void *), void *, unsigned, unsigned);
const Entry gomp_parallel = reinterpret_cast<Entry>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));

struct Job {
  const std::function<void(int64_t)> &body;
  const int64_t items;
  std::atomic<int64_t> next{0};
};

void work(void *data) {
  Job &job = *static_cast<Job *>(data);
  for (int64_t item; (item = job.next.fetch_add(1, std::memory_order_relaxed)) < job.items;) job.body(item);
}

} // namespace

void parallel(int64_t items, const std::function<void(int64_t)> &body) {
  Job job{body, items};
  const int64_t threads = std::min<int64_t>(items, at::get_num_threads());
  if (threads > 1 && gomp_parallel != nullptr)
    gomp_parallel(work, &job, static_cast<unsigned>(threads), 0);
  else
    work(&job);
}

} // namespace cgan
