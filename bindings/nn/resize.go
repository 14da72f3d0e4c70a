package nn

import "cgan/bindings/torch"

// UpsampleOptions are the arguments of torch.nn.Upsample. Pairs are of height and width.
type UpsampleOptions struct {
	Size         *[2]int64  // that comes out, or nil
	ScaleFactor  [2]float64 // where Size is nil
	Mode         string     // nearest or bilinear
	AlignCorners bool       // for bilinear
}

// Upsample is torch.nn.Upsample of images.
type Upsample struct {
	Base
	UpsampleOptions
}

// NewUpsample makes an Upsample.
func NewUpsample(o UpsampleOptions) *Upsample { return &Upsample{UpsampleOptions: o} }

// Forward takes [B, C, H, W] to [B, C, H', W'].
func (u *Upsample) Forward(x *torch.Tensor) *torch.Tensor {
	return torch.Interpolate(wideOnCUDA(x), u.Size, u.ScaleFactor, u.Mode, u.AlignCorners)
}

// PixelShuffle is torch.nn.PixelShuffle.
type PixelShuffle struct {
	Base
	UpscaleFactor int64
}

// NewPixelShuffle makes a PixelShuffle by the factor r.
func NewPixelShuffle(r int64) *PixelShuffle { return &PixelShuffle{UpscaleFactor: r} }

// Forward takes [B, C*r*r, H, W] to [B, C, H*r, W*r].
func (p *PixelShuffle) Forward(x *torch.Tensor) *torch.Tensor {
	return torch.PixelShuffle(x, p.UpscaleFactor)
}

// Flatten is torch.nn.Flatten.
type Flatten struct {
	Base
	StartDim, EndDim int64
}

// NewFlatten makes one dimension of those from start to end, where -1 is the last.
func NewFlatten(start, end int64) *Flatten { return &Flatten{StartDim: start, EndDim: end} }

// Forward takes [B, C, H, W] to [B, C*H*W] where the dimensions are 1 to -1.
func (f *Flatten) Forward(x *torch.Tensor) *torch.Tensor { return x.Flatten(f.StartDim, f.EndDim) }

// Unflatten is torch.nn.Unflatten.
type Unflatten struct {
	Base
	Dim             int64
	UnflattenedSize []int64
}

// NewUnflatten makes dimensions of those sizes of dimension dim; one size may be -1.
func NewUnflatten(dim int64, sizes []int64) *Unflatten {
	return &Unflatten{Dim: dim, UnflattenedSize: sizes}
}

// Forward takes [B, C*H*W] to [B, C, H, W] where dim is 1.
func (u *Unflatten) Forward(x *torch.Tensor) *torch.Tensor {
	return x.Unflatten(u.Dim, u.UnflattenedSize...)
}

// Reshape is x.view(x.size(0), ...), which people write where torch.nn has no layer.
type Reshape struct {
	Base
	Sizes []int64
}

// NewReshape makes a Reshape to those sizes, of which one may be -1.
func NewReshape(sizes []int64) *Reshape { return &Reshape{Sizes: sizes} }

// Forward takes [B, ...] to [B, sizes...].
func (r *Reshape) Forward(x *torch.Tensor) *torch.Tensor {
	return x.Reshape(append([]int64{x.Size(0)}, r.Sizes...)...)
}
