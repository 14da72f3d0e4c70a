/* The kernel sets by number, for Go: the fastest first, the reference last. */
#ifndef CGAN_REGISTRY_H
#define CGAN_REGISTRY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *name;
  const void *set;   /* a cgan::KernelSet; null where this machine lacks something */
  const char *lacks; /* why this machine can't run it, or null */
  int bf16;          /* 1 where it multiplies bfloat16 as such, 0 where as float32 */
} cgan_kernel_set;

/* cgan_kernel_set_at gives set number i, and 0 once there are no more. */
int cgan_kernel_set_at(int i, cgan_kernel_set *out);

/* cgan_kernel_peak runs a set's Peak and gives its floating-point operations. */
int64_t cgan_kernel_peak(const void *set, int bf16, int64_t rounds);

#ifdef __cplusplus
}
#endif
#endif
