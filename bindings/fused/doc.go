// Package fused is ops with gradients on the kernels of package kernels: convolution with its activation, with
// BatchNorm, with label planes, and Adam. A kernel set comes in with each call and is kept for the way back, so
// that ops on several sets may run at once.
//
// It stands in three storeys, each of which knows only those below:
//
//	op_conv.cpp, op_conv_norm.cpp,       the ops as libtorch sees them, with their gradients;
//	op_label_conv.cpp, op_adam.cpp       conv_settings.h is what the convolutions share
//	convolution.cpp,                     a convolution as products of matrices, one for each pixel and tap:
//	weight_gradient.cpp, geometry.cpp,   geometry.h says which, panels.h packs them, multiply_tiles.h adds them up;
//	batch_norm.cpp, moments.cpp          and what BatchNorm needs
//	../kernels/kernels.h                 what a kernel set offers
//
// parallel.h shares work out over libtorch's threads and counts its time; row_runs.h does so for the rows of a matrix.
package fused
