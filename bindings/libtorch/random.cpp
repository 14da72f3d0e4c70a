#include "guard.h"

#include <ATen/CPUGeneratorImpl.h>
#include <mutex>

using cgan::guarded;

static at::Generator &generator_of(cgan_generator handle) {
  TORCH_CHECK(handle != nullptr, "generator is freed or was never made");
  return *static_cast<at::Generator *>(handle);
}

// torch.manual_seed takes negative seeds as their two's complement, and so does this. at::manual_seed would settle for
// good that there is no CUDA where its part is not loaded yet.
char *cgan_manual_seed(int64_t seed, int cuda) {
  return guarded([&] {
    if (cuda) return at::manual_seed(static_cast<uint64_t>(seed));
    auto generator = at::detail::getDefaultCPUGenerator();
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(static_cast<uint64_t>(seed));
  });
}

char *cgan_generator_new(int64_t seed, cgan_generator *out) {
  return guarded([&] { *out = new at::Generator(at::detail::createCPUGenerator(static_cast<uint64_t>(seed))); });
}

char *cgan_generator_free(cgan_generator self) {
  return guarded([&] { delete &generator_of(self); });
}

char *cgan_randn(const int64_t *size, int len, cgan_generator generator, cgan_tensor *out) {
  return guarded([&] {
    *out = cgan::handle(at::randn(at::IntArrayRef(size, len), generator_of(generator), at::TensorOptions()));
  });
}

char *cgan_rand(const int64_t *size, int len, cgan_generator generator, cgan_tensor *out) {
  return guarded([&] {
    *out = cgan::handle(at::rand(at::IntArrayRef(size, len), generator_of(generator), at::TensorOptions()));
  });
}

char *cgan_randperm(int64_t n, cgan_generator generator, cgan_tensor *out) {
  return guarded(
      [&] { *out = cgan::handle(at::randperm(n, generator_of(generator), at::TensorOptions().dtype(at::kLong))); });
}

// The default generator of the CPU, -1, or of a CUDA device.
static at::Generator default_generator(int device) {
  if (device < 0) return at::detail::getDefaultCPUGenerator();
  return at::globalContext().defaultGenerator(at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device)));
}

// The state is laid out as torch.get_rng_state and torch.cuda.get_rng_state give it.
char *cgan_get_rng_state(int device, cgan_tensor *out) {
  return guarded([&] {
    auto generator = default_generator(device);
    std::lock_guard<std::mutex> lock(generator.mutex());
    *out = cgan::handle(generator.get_state());
  });
}

char *cgan_set_rng_state(int device, cgan_tensor state) {
  return guarded([&] {
    auto generator = default_generator(device);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(cgan::tensor(state));
  });
}
