#include "scratch.h"

#include <algorithm>
#include <mutex>
#include <vector>

namespace cgan {
namespace {

struct Pool {
  std::mutex lock;
  std::vector<at::Tensor> unused; // the smallest first
};

Pool &pool() {
  static Pool &kept = *new Pool; // never destroyed: libtorch may be gone by then
  return kept;
}

bool smaller(const at::Tensor &a, const at::Tensor &b) { return a.numel() < b.numel(); }

} // namespace

Scratch::Scratch(int64_t bytes) {
  Pool &p = pool();
  {
    const std::lock_guard<std::mutex> locked(p.lock);
    const auto fits = std::find_if(p.unused.begin(), p.unused.end(), [&](const at::Tensor &t) { return t.numel() >= bytes; });
    if (fits != p.unused.end()) {
      memory = std::move(*fits);
      p.unused.erase(fits);
      return;
    }
    if (!p.unused.empty()) p.unused.pop_back(); // the larger one takes its place
  }
  memory = at::empty({bytes}, at::kByte);
}

Scratch::~Scratch() {
  if (!memory.defined()) return; // it was moved
  Pool &p = pool();
  const std::lock_guard<std::mutex> locked(p.lock);
  p.unused.insert(std::upper_bound(p.unused.begin(), p.unused.end(), memory, smaller), std::move(memory));
}

} // namespace cgan
