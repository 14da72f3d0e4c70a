// The C face of what gotch's raw layer lacks.
//
// One contract for every function: it returns NULL, or an error text that the caller frees.
// Results leave through out pointers, which come last. A C++ exception never crosses.
// A tensor is gotch's handle: a pointer to an at::Tensor on the heap.
#ifndef CGAN_SHIM_H
#define CGAN_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void *cgan_tensor;
typedef void *cgan_generator;
typedef void *cgan_graph;

// tensor.cpp
char *cgan_read(cgan_tensor self, void *bytes, size_t size);
char *cgan_write(cgan_tensor self, const void *bytes, size_t size);
char *cgan_zero_grad(cgan_tensor self);
char *cgan_backward(cgan_tensor self, cgan_tensor gradient);
char *cgan_set_data(cgan_tensor self, cgan_tensor other);
char *cgan_nbytes(cgan_tensor self, size_t *out);
char *cgan_channels_last(cgan_tensor self);

// ops.cpp
char *cgan_leaky_relu(cgan_tensor self, double negative_slope, cgan_tensor *out);
char *cgan_elu(cgan_tensor self, double alpha, cgan_tensor *out);
char *cgan_addcmul_(cgan_tensor self, cgan_tensor tensor1, cgan_tensor tensor2, double value);
char *cgan_addcdiv_(cgan_tensor self, cgan_tensor tensor1, cgan_tensor tensor2, double value);
char *cgan_fused_adam_(size_t count, const cgan_tensor *params, const cgan_tensor *exp_avgs,
                       const cgan_tensor *exp_avg_sqs, const cgan_tensor *steps, cgan_tensor lr, double beta1,
                       double beta2, double eps);
char *cgan_foreach_adam_(size_t count, const cgan_tensor *params, const cgan_tensor *exp_avgs,
                         const cgan_tensor *exp_avg_sqs, const double *step_sizes, const double *bias_corrections2_sqrt,
                         double beta1, double beta2, double eps);
char *cgan_foreach_lerp_(size_t count, const cgan_tensor *self, const cgan_tensor *end, double weight);

// random.cpp
char *cgan_manual_seed(int64_t seed, int cuda);
char *cgan_generator_new(int64_t seed, cgan_generator *out);
char *cgan_generator_free(cgan_generator self);
char *cgan_randn(const int64_t *size, int len, cgan_generator generator, cgan_tensor *out);
char *cgan_rand(const int64_t *size, int len, cgan_generator generator, cgan_tensor *out);
char *cgan_get_rng_state(int device, cgan_tensor *out);
char *cgan_set_rng_state(int device, cgan_tensor state);
char *cgan_randperm(int64_t n, cgan_generator generator, cgan_tensor *out);

// runtime.cpp
char *cgan_set_num_threads(int threads);
char *cgan_get_num_threads(int *out);
char *cgan_show_config(char **out);
char *cgan_cpu_capability(char **out);
char *cgan_grad_enabled(int *out);
char *cgan_set_cudnn(int deterministic, int benchmark);

// thread.cpp: a number that no other thread has as long as this one lives; it can't fail
uintptr_t cgan_thread(void);

// script.cpp
char *cgan_script(const char *source, int count, const char *const *keys, const cgan_tensor *tensors,
                  const int *buffers, char **out, size_t *size);
typedef void *cgan_module;
char *cgan_script_load(const char *path, cgan_module *out);
char *cgan_script_forward(cgan_module self, cgan_tensor in, const char *flag, cgan_tensor *out);
char *cgan_script_free(cgan_module self);

// library.cpp
char *cgan_library_path(char **out);
char *cgan_load_library(const char *path);
char *cgan_cuda_device_count(int *out);

// graph.cpp
char *cgan_graph_begin(int device, cgan_graph *out);
char *cgan_graph_end(cgan_graph self);
char *cgan_graph_replay(cgan_graph self);
char *cgan_graph_free(cgan_graph self);

#ifdef __cplusplus
}
#endif
#endif
