package evaluate

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"cgan/bindings/torch"
	"cgan/models/picture"
)

// FID is the Frechet distance on the features of a network of the user's own, who says that it is Inception.
type FID struct {
	Network  string  `json:"network"` // its file's name
	Value    float64 `json:"value"`
	Floor    float64 `json:"floor"`    // of real images against as many other real ones
	Features int     `json:"features"` // of the network; 2,048 of Inception's
}

// Inception is such a network, a TorchScript file whose forward takes images, uint8 [N, 3, H, W], to features [N, F], and brings them to
// the size that it needs. Where it has an argument return_features, as that of StyleGAN's authors, it is called with True.
type Inception struct {
	module *torch.ScriptModule
	path   string
	width  int     // features of an image
	real   *rooted // of the reference's real images, once they were seen
	floor  float64
}

const inceptionBatch = 50 // images at once

// OpenInception loads the file, a program that runs, and tries it on black images of this size: open none that you don't trust. Free it.
func OpenInception(path string, height, width int) (in *Inception, err error) {
	in = &Inception{path: path}
	err = torch.Do("load the Inception network", func() error {
		in.module = torch.LoadScript(path)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s is no TorchScript network: %w", path, err)
	}
	const some = 2
	features, err := in.add(nil, make([]byte, some*3*height*width), some, [3]int{3, height, width})
	if err != nil {
		in.Free()
		return nil, fmt.Errorf("%s is no network from uint8 images [N, 3, H, W] to features [N, F]: %w", path, err)
	}
	in.width = len(features) / some
	return in, nil
}

// FID compares drawn images with the reference's real ones, said is told how many of all images were seen. An Inception keeps what it
// saw of one reference.
func (in *Inception) FID(ctx context.Context, r *Reference, d *Drawn, said func(done, all int)) (*FID, error) {
	done, all := 0, d.n()
	if in.real == nil {
		all += r.real.n() + r.other.n()
	}
	see := func(numbers []int, images func(numbers []int) ([]byte, error)) (features []float64, err error) {
		for batch := range slices.Chunk(numbers, inceptionBatch) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			pixels, err := images(batch)
			if err == nil {
				features, err = in.add(features, pixels, len(batch), r.size)
			}
			if err != nil {
				return nil, err
			}
			done += len(batch)
			said(done, all)
		}
		return features, nil
	}
	if in.real == nil {
		read := func(numbers []int) ([]byte, error) {
			pixels, _, err := readImages(r.train, numbers)
			return pixels, err
		}
		real, err := see(r.order[:r.real.n()], read)
		if err != nil {
			return nil, err
		}
		other, err := see(r.order[r.real.n():][:r.other.n()], read)
		if err != nil {
			return nil, err
		}
		root := rootedOf(real, r.real.n())
		if in.floor, err = frechet(root, gaussianOf(other, r.other.n())); err != nil {
			return nil, err
		}
		in.real = &root
	}
	drawn, err := see(firstNumbers(d.n()), d.levels)
	if err != nil {
		return nil, err
	}
	value, err := frechet(*in.real, gaussianOf(drawn, d.n()))
	return &FID{filepath.Base(in.path), value, in.floor, in.width}, err
}

// levels are drawn images as a PNG has them.
func (d *Drawn) levels(numbers []int) ([]byte, error) {
	images, err := d.images(numbers)
	pixels := make([]byte, len(images.Pixels))
	for i, v := range images.Pixels {
		pixels[i] = picture.Level(v)
	}
	return pixels, err
}

// add appends the features of n images of a size, channels first.
func (in *Inception) add(features []float64, pixels []byte, n int, size [3]int) ([]float64, error) {
	err := torch.Do("see images with "+in.path, func() error {
		x := torch.FromBytes(pixels, []int64{int64(n), int64(size[0]), int64(size[1]), int64(size[2])}, torch.Uint8)
		if size[0] == 1 {
			x = torch.Cat([]*torch.Tensor{x, x, x}, 1)
		}
		out := in.module.Forward(x, "return_features")
		if shape := out.Shape(); len(shape) != 2 || shape[0] != int64(n) || shape[1] == 0 || in.width != 0 && shape[1] != int64(in.width) {
			return fmt.Errorf("it gives a tensor of shape %v for %d images", shape, n)
		}
		for _, f := range out.Type(torch.Float32).Float32s() {
			features = append(features, float64(f))
		}
		return nil
	})
	return features, err
}

// Free ends the network.
func (in *Inception) Free() {
	_ = torch.Do("free the Inception network", func() error { in.module.Free(); return nil })
}
