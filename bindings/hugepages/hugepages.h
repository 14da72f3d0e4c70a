/* The contract is that of ../libtorch/shim.h. */
#ifndef CGAN_HUGEPAGES_H
#define CGAN_HUGEPAGES_H

#ifdef __cplusplus
extern "C" {
#endif

/* allocator_linux.cpp */
char *cgan_use_huge_pages(void);

#ifdef __cplusplus
}
#endif
#endif
