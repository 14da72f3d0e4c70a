#include "packed_weight.h"

#include <map>
#include <mutex>

namespace cgan {
namespace {

// Key is all that tells one weight and its packing from others.
struct Key {
  const void *begin, *kernel;
  Contiguous contiguous;
  std::vector<int64_t> layout; // sizes and strides

  Key(const at::Tensor &weight, const void *kernel, Contiguous contiguous)
      : begin(weight.data_ptr()), kernel(kernel), contiguous(contiguous), layout(weight.sizes().vec()) {
    layout.insert(layout.end(), weight.strides().begin(), weight.strides().end());
  }
  bool operator<(const Key &other) const {
    return std::tie(begin, kernel, contiguous, layout) <
           std::tie(other.begin, other.kernel, other.contiguous, other.layout);
  }
};

// Entry is of no use once the weight's memory is gone, and is dropped at the next call.
struct Entry {
  c10::weak_intrusive_ptr<c10::StorageImpl> memory;
  int64_t version;
  Panels panels;
};

std::mutex guard;
std::map<Key, Entry> all;

void drop_expired() {
  for (auto i = all.begin(); i != all.end();) i = i->second.memory.expired() ? all.erase(i) : std::next(i);
}

} // namespace

Panels find_packed(const at::Tensor &weight, const void *kernel, Contiguous contiguous) {
  const std::lock_guard<std::mutex> locked(guard);
  drop_expired(); // before the search: other memory may begin where that of an entry did
  const auto found = all.find(Key(weight, kernel, contiguous));
  if (found == all.end()) return {};
  if (found->second.version == weight._version()) return found->second.panels;
  all.erase(found);
  return {};
}

void store_packed(const at::Tensor &weight, const void *kernel, Contiguous contiguous, const Panels &panels) {
  const std::lock_guard<std::mutex> locked(guard);
  const at::Storage memory = weight.storage();
  all.insert_or_assign(Key(weight, kernel, contiguous),
                       Entry{c10::weak_intrusive_ptr<c10::StorageImpl>(memory.getWeakStorageImpl()), weight._version(), panels});
}

} // namespace cgan
