// Package hugepages is for programs, not for libraries: it changes where the whole process gets its memory.
//
// Importing it puts the C library's heap into huge pages before main, which a program's start is sooner for
// (heap_linux.cpp). Use gives libtorch a caching allocator in huge pages for big tensors (allocator_linux.cpp), which
// makes a training loop faster and moves no bit of a result. On systems other than Linux both do nothing.
//
// The hook before main is for programs alone: a shared object (-buildmode=c-shared or plugin) that imports this
// package does not link. Of cgan's packages only cmd/cgan does.
package hugepages
