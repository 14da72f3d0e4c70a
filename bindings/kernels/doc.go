// Package kernels is the CPU arithmetic of the fast mode. It knows no libtorch.
//
// A kernel set is a table of functions for one instruction set; kernels.h says what it must offer, and has a
// drawing of panels, steps and blocks. The sets are found by name:
//
//	amx          amx_amd64.cpp          AMX tiles of bfloat16; a float32 goes in as three bfloat16
//	avx512_bf16  avx512_bf16_amd64.cpp  512-bit vectors; bfloat16 by pairs
//	avx512       avx512_amd64.cpp       512-bit vectors; bfloat16 is multiplied as float32
//	avx2         avx2_amd64.cpp         256-bit vectors; bfloat16 is multiplied as float32
//	neon_bf16    neon_bf16_arm64.cpp    128-bit vectors of Arm; bfloat16 by pairs (BFDOT)
//	neon         neon_arm64.cpp         128-bit vectors of Arm; bfloat16 is multiplied as float32
//	reference    reference.cpp          plain loops, on every machine
//
// simd.h, simd_rows.h and simd_gemm.h are what the vector sets share: templates over GCC's vectors, compiled once
// for each set. amx_pack.h and amx_store.h belong to amx_amd64.cpp.
//
// # A new set
//
// It is one file that ends in a function such as avx2, which gives its KernelSet or says what this machine lacks for
// it, a line in sets.h, and a line in registry.cpp, where the fastest stand first. For the tests it has a line in
// setsOf of driver_test.go and one in kSets of testdata/driver.cpp; they compare all that it offers with plain sums
// in double, on sizes that fill no panel too. Those of package fused drive it through whole convolutions. What this
// machine can't run is tested as far as testdata emulates its instructions.
//
// Outside of this package, leftOut of models/compute.go says which speed-up leaves it out, and columns of
// cmd/compare/goals.go what make bench asks of it.
package kernels
