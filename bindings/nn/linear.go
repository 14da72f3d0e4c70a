package nn

import "cgan/bindings/torch"

// weighted is what layers share that multiply by a weight: Linear, Conv2d and ConvTranspose2d.
type weighted struct {
	Base
	weight, bias *torch.Tensor // bias is nil without one
	transposed   bool          // weight is [in, out, ...], not [out, in, ...]
	spectral     *spectral     // nil without SpectralNorm
}

// newWeighted makes a weight of that size, and a bias of out values or none, and initialises them as reset_parameters of
// torch.nn's Linear and _ConvNd does: the fan-in is what the second dimension of the weight and those after it hold.
func newWeighted(size []int64, out int64, bias bool) (w weighted) {
	fanIn := int64(1)
	for _, n := range size[1:] {
		fanIn *= n
	}
	w.weight = w.RegisterParameter("weight", empty(size...))
	kaimingUniform(w.weight, fanIn)
	if bias {
		w.bias = w.RegisterParameter("bias", empty(out))
		biasUniform(w.bias, fanIn)
	}
	return w
}

// operands gives input and parameters in the type to multiply in.
func (w *weighted) operands(x *torch.Tensor) (input, weight, bias *torch.Tensor) {
	weight, bias = w.forwardWeight(), w.bias
	if !w.fast.BFloat16 {
		return x, weight, bias
	}
	if bias != nil {
		bias = bias.Type(torch.BFloat16)
	}
	return cast(x, torch.BFloat16), weight.Type(torch.BFloat16), bias
}

// Linear is torch.nn.Linear.
type Linear struct {
	weighted
	InFeatures, OutFeatures int64
}

// NewLinear makes a multiplication by a matrix [out, in], with or without a bias.
func NewLinear(in, out int64, bias bool) *Linear {
	return &Linear{newWeighted([]int64{out, in}, out, bias), in, out}
}

// Forward takes [B, in] to [B, out].
func (l *Linear) Forward(x *torch.Tensor) *torch.Tensor {
	x, weight, bias := l.operands(x)
	return torch.Linear(x, weight, bias)
}

// Embedding is torch.nn.Embedding.
type Embedding struct {
	Base
	NumEmbeddings, EmbeddingDim int64

	weight *torch.Tensor
}

// NewEmbedding makes a table of n rows of d values, drawn from the standard normal distribution.
func NewEmbedding(n, d int64) *Embedding {
	e := &Embedding{NumEmbeddings: n, EmbeddingDim: d}
	e.weight = e.RegisterParameter("weight", empty(n, d))
	normal(e.weight)
	return e
}

// Forward takes numbers of rows, int64 [B], to the rows [B, d].
func (e *Embedding) Forward(x *torch.Tensor) *torch.Tensor { return torch.Embedding(x, e.weight) }
