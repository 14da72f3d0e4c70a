#include "../libtorch/guard.h"
#include "distributed.h"

#include <c10/util/Logging.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

using cgan::guarded;
using StorePtr = c10::intrusive_ptr<c10d::Store>;

namespace {
c10d::Store &store(cgan_store self) { return **static_cast<StorePtr *>(self); }
} // namespace

char *cgan_store_new(const char *host, int port, int listen, const char *prefix, int64_t timeout_ms, cgan_store *out) {
  return guarded([&] {
    c10::initLogging(); // reads TORCH_CPP_LOG_LEVEL, which libtorch has read once already
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(port);
    options.isServer = listen >= 0;
    options.waitWorkers = false; // who is there is looked at by ranks, so that a wrong number is told
    options.timeout = std::chrono::milliseconds(timeout_ms);
    if (listen >= 0) options.masterListenFd = listen;
    StorePtr tcp = c10::make_intrusive<c10d::TCPStore>(host, options);
    *out = new StorePtr(c10::make_intrusive<c10d::PrefixStore>(prefix, tcp));
  });
}

char *cgan_store_set(cgan_store self, const char *key, const void *value, size_t size) {
  return guarded([&] {
    const auto *bytes = static_cast<const uint8_t *>(value);
    store(self).set(key, std::vector<uint8_t>(bytes, bytes + size));
  });
}

char *cgan_store_check(cgan_store self, const char *key, int *out) {
  return guarded([&] { *out = store(self).check({key}); });
}

char *cgan_store_get(cgan_store self, const char *key, char **out, size_t *size) {
  return guarded([&] {
    const std::vector<uint8_t> value = store(self).get(key);
    *size = value.size();
    *out = static_cast<char *>(std::malloc(value.size() + 1));
    TORCH_CHECK(*out != nullptr, "out of memory");
    std::memcpy(*out, value.data(), value.size());
  });
}

char *cgan_store_add(cgan_store self, const char *key, int64_t value, int64_t *out) {
  return guarded([&] { *out = store(self).add(key, value); });
}
