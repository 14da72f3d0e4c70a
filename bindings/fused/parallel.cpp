#include "parallel.h"
#include "../libtorch/guard.h"
#include "fused.h"

#include <ATen/Parallel.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <dlfcn.h>
#include <exception>
#include <iterator>

namespace cgan {
namespace {

// libtorch's threads are those of its OpenMP library. The entry is looked up, not linked: linking could
// bring a second OpenMP library, whose threads would fight the first one's for the cores.
using Entry = void (*)(void (*)(void *), void *, unsigned, unsigned);
const Entry gomp_parallel = reinterpret_cast<Entry>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));

// Spent is the time of one kind of work since the program began, in nanoseconds: until it was done, and on all threads.
struct Spent {
  std::atomic<int64_t> passed, busy;
};
Spent spent[static_cast<int>(Work::count)];
const char *const names[] = {"pack", "product", "fold", "norm", "activation", "bias", "label", "adam"};
static_assert(std::size(names) == static_cast<size_t>(Work::count));

int64_t now() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Job {
  const std::function<void(int64_t)> &body;
  const int64_t items, stretch; // a thread takes a stretch at a time
  std::atomic<int64_t> &busy;
  std::atomic<int64_t> next{0};
  std::atomic_flag failed = ATOMIC_FLAG_INIT;
  std::exception_ptr error;
};

void work(void *data) {
  Job &job = *static_cast<Job *>(data);
  const int64_t begin = now();
  try {
    for (int64_t item; (item = job.next.fetch_add(job.stretch, std::memory_order_relaxed)) < job.items;)
      for (const int64_t end = std::min(item + job.stretch, job.items); item < end; item++) job.body(item);
  } catch (...) { // no exception may leave a thread of OpenMP's
    job.next = job.items;
    if (!job.failed.test_and_set()) job.error = std::current_exception();
  }
  job.busy += now() - begin;
}

} // namespace

void parallel(Work what, int64_t items, const std::function<void(int64_t)> &body) {
  if (items == 0) return;
  const int64_t threads = std::min<int64_t>(items, at::get_num_threads());
  Spent &time = spent[static_cast<int>(what)];
  Job job{body, items, std::max<int64_t>(1, items / (16 * threads)), time.busy};
  const int64_t begin = now();
  if (threads > 1 && gomp_parallel != nullptr)
    gomp_parallel(work, &job, static_cast<unsigned>(threads), 0);
  else
    work(&job);
  time.passed += now() - begin;
  if (job.error) std::rethrow_exception(job.error);
}

} // namespace cgan

using cgan::guarded;

char *cgan_work_time(size_t work, char **name, int64_t *passed, int64_t *busy) {
  return guarded([&] {
    const bool known = work < std::size(cgan::names);
    *name = known ? strdup(cgan::names[work]) : nullptr;
    *passed = known ? cgan::spent[work].passed.load() : 0;
    *busy = known ? cgan::spent[work].busy.load() : 0;
  });
}
