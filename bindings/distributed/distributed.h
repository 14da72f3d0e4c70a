// The C face of c10d, by the contract of ../libtorch/shim.h.
#ifndef CGAN_DISTRIBUTED_H
#define CGAN_DISTRIBUTED_H

#include "../libtorch/shim.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void *cgan_store;
typedef void *cgan_process_group;
typedef void *cgan_reducer;

// store.cpp: a TCPStore. listen is a listening socket for the process that serves it, which it takes over, and -1 for the
// others. Keys go below prefix.
char *cgan_store_new(const char *host, int port, int listen, const char *prefix, int64_t timeout_ms, cgan_store *out);
char *cgan_store_set(cgan_store self, const char *key, const void *value, size_t size);
char *cgan_store_check(cgan_store self, const char *key, int *out);
char *cgan_store_get(cgan_store self, const char *key, char **out, size_t *size); // *out is for the caller to free
char *cgan_store_add(cgan_store self, const char *key, int64_t value, int64_t *out);

// process_group.cpp: Gloo on the network interface of that name, or that with the address.
char *cgan_process_group_new(cgan_store store, const char *prefix, int rank, int size, const char *interface, const char *address,
                             int64_t timeout_ms, cgan_process_group *out);
char *cgan_all_reduce(cgan_process_group self, cgan_tensor tensor, int max);
char *cgan_all_reduce_differentiable(cgan_process_group self, cgan_tensor tensor, cgan_tensor *out);
char *cgan_broadcast(cgan_process_group self, cgan_tensor tensor, int source);
char *cgan_all_gather(cgan_process_group self, cgan_tensor tensor, int size, cgan_tensor *out);
char *cgan_barrier(cgan_process_group self);

// reducer.cpp: what averages gradients while the backward pass computes
char *cgan_reducer_new(cgan_process_group group, size_t count, const cgan_tensor *params, int bf16, cgan_reducer *out);
char *cgan_reducer_prepare(cgan_reducer self);
char *cgan_reducer_free(cgan_reducer self);

#ifdef __cplusplus
}
#endif
#endif
