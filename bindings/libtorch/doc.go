// Package libtorch is the C++ shim for what gotch's raw layer lacks, and the kernels of the fast mode.
//
// Its Go face is a set of plain functions on raw handles that return an error; package torch
// alone calls them, on a locked OS thread. The #cgo lines and the constants that say which
// libtorch was chosen are in prepared.go, which cmd/libtorch writes.
//
// The fast mode stands on four storeys, each of which knows only those below:
//
//	conv.cpp, convnorm.cpp,           the ops as libtorch sees them, with their gradients
//	labelconv.cpp, adam.cpp
//	convolution.cpp, weightgrad.cpp,  a convolution as products of matrices, one for each pixel and tap: links.h says
//	norm.cpp, moments.cpp             which, panels.h packs them, sum.h adds them up;
//	                                  and what BatchNorm needs
//	kernels.h                         what an instruction set must offer; kernels.cpp chooses one
//	amx.cpp, avx512.cpp, avx2.cpp     those that do; vectors.h, rowwise.h and products.h are what they share
//
// parallel.h shares work out over libtorch's threads and counts its time, rows.h does so for the rows of a matrix.
// pages.cpp is where big tensors get their memory; heap.cpp speeds up the start of a program.
package libtorch
