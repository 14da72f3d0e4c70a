// Package weights is what weights files hold, whatever their format: tensors, state dicts and whole
// checkpoints, what converts them, finds them and compares them with what a model needs. It stands to
// its formats as Go's image stands to image/png: pt and safetensors read and write one each, onnx writes
// programs, formats opens a file of any, and atomicfile writes one whole or not at all.
//
// All of it is pure Go and knows nothing of libtorch.
package weights
