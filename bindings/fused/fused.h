/* The C face of the fused ops. The contract is that of ../libtorch/shim.h. */
#ifndef CGAN_FUSED_H
#define CGAN_FUSED_H

#include "../libtorch/shim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A convolution, transposed or not, followed by LeakyReLU; a slope of 1 is none. kernels is a cgan::KernelSet. */
typedef struct {
  const void *kernels;
  int64_t stride, padding;
  int transposed;
  double slope;
} cgan_conv_settings;

typedef struct {
  cgan_tensor weight, bias, running_mean, running_var;
  int training;
  double momentum, eps;
} cgan_batch_norm;

/* op_conv.cpp */
char *cgan_conv(const cgan_conv_settings *, cgan_tensor input, cgan_tensor weight, cgan_tensor bias, cgan_tensor *out);
char *cgan_lay_out_pixelwise(cgan_tensor self);

/* op_conv_norm.cpp */
char *cgan_conv_norm(const cgan_conv_settings *, cgan_tensor input, cgan_tensor weight, cgan_tensor bias,
                     const cgan_batch_norm *, cgan_tensor *out);

/* op_label_conv.cpp */
char *cgan_label_conv(const cgan_conv_settings *, cgan_tensor image, cgan_tensor label, cgan_tensor weight,
                      cgan_tensor bias, cgan_tensor *out);

/* op_adam.cpp */
typedef struct {
  double lr, beta1, beta2, eps;
} cgan_adam_settings;
char *cgan_adam(const void *kernels, const cgan_adam_settings *, int count, const cgan_tensor *params,
                const cgan_tensor *exp_avgs, const cgan_tensor *exp_avg_sqs, const int64_t *steps);

/* parallel.cpp: the kinds of work, from 0 on until there is no name, and their nanoseconds */
char *cgan_work_time(size_t work, char **name, int64_t *passed, int64_t *busy);

#ifdef __cplusplus
}
#endif
#endif
