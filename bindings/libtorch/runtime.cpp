#include "guard.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/grad_mode.h>

using cgan::guarded;

char *cgan_set_num_threads(int threads) {
  return guarded([&] { at::set_num_threads(threads); });
}

char *cgan_get_num_threads(int *out) {
  return guarded([&] { *out = at::get_num_threads(); });
}

char *cgan_show_config(char **out) {
  return guarded([&] { *out = strdup(at::show_config().c_str()); });
}

char *cgan_cpu_capability(char **out) {
  return guarded([&] { *out = strdup(at::get_cpu_capability().c_str()); });
}

char *cgan_set_cudnn(int deterministic, int benchmark) {
  return guarded([&] {
    at::globalContext().setDeterministicCuDNN(deterministic != 0);
    at::globalContext().setBenchmarkCuDNN(benchmark != 0);
  });
}

char *cgan_grad_enabled(int *out) {
  return guarded([&] { *out = at::GradMode::is_enabled(); });
}
