// Package weights is what weights files hold, whatever their format: tensors, state dicts and whole
// checkpoints, what converts them, finds them and compares them with what a model needs. It stands to
// its formats as Go's image stands to image/png: pt, safetensors and npz read and write one each, onnx writes
// programs and says what one holds, formats opens a weights file of any, pretrained has some that ship with the program, and
// atomicfile writes a file whole or not at all.
//
// All of it is pure Go and knows nothing of libtorch.
package weights
