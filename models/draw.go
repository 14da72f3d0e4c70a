package models

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models/picture"
)

// Images is what a generator drew: float32 in [-1, 1], laid out [N, Channels, Height, Width].
type Images struct {
	Pixels                     []float32
	N, Channels, Height, Width int
}

// Grid is the images as rows of so many columns each, for package picture.
func (i Images) Grid(columns int) picture.Grid {
	return picture.Grid{Pixels: i.Pixels, Rows: i.N / columns, Columns: columns, Channels: i.Channels, Height: i.Height, Width: i.Width}
}

// Draw draws rows x len(classes) images, row by row, in evaluation mode: image (r, c) shows classes[c],
// and the images of a row share one noise. A network that knows no classes draws one image a row, without classes. An image depends
// on seed, the row's number and its class alone, to the bit, whatever is drawn with it (DrawPoints has the exception); no other random number is drawn.
// Goroutines may draw at once from a generator in evaluation mode, as LoadGenerator gives it: about as many as there are cores are
// at work, the others wait. Sizes that are not the network's, an unknown class, more than fits into memory (DrawEach has no such bound),
// or a failed op is an error.
func (n *Net) Draw(c Config, rows int, classes []int64, seed int64) (images Images, err error) {
	if err := n.takes(c); err != nil {
		return images, err
	}
	columns, err := c.columns(rows, classes)
	if err != nil {
		return images, err
	}
	size := int(product(c.Image()))
	if rows > maxValues/size/columns {
		return images, fmt.Errorf("%d rows of %d images are too many for one drawing: it holds at most %d images of these sizes", rows, columns, maxValues/size)
	}
	once, place := unique(classes)
	pixels := make([]float32, 0, rows*columns*size)
	_, err = n.DrawEach(context.Background(), c, Rows([]int64{seed}, rows, once), nil, func(some Images, _ []Origin) error {
		pixels = append(pixels, some.Pixels...)
		return nil
	})
	if err != nil {
		return images, err
	}
	if len(once) == len(classes) {
		return c.images(pixels), nil
	}
	all := make([]float32, 0, rows*columns*size)
	for row := range slices.Chunk(pixels, size*len(once)) {
		for _, class := range classes {
			all = append(all, row[place[class]*size:][:size]...)
		}
	}
	return c.images(all), nil
}

// unique are some classes without those that were there before, which in Rows would be of the next row, and the place of each in them.
func unique(classes []int64) (once []int64, place map[int64]int) {
	place = map[int64]int{}
	for _, class := range classes {
		if _, before := place[class]; !before {
			place[class] = len(once)
			once = append(once, class)
		}
	}
	return once, place
}

// images is pixels [N, C, H, W] with their sizes.
func (c Config) images(pixels []float32) Images {
	image := c.Image()
	return Images{pixels, len(pixels) / int(product(image)), int(image[0]), int(image[1]), int(image[2])}
}

// takes is an error for sizes that are not the network's.
func (n *Net) takes(c Config) error {
	noise, classes := product(n.arch.Noise()), n.arch.Classes()
	if int64(c.Noise) == noise && slices.Equal(c.Image(), n.image) && int64(c.Classes) == classes {
		return nil
	}
	return fmt.Errorf("the Config has nz %d, images of %v and %d classes, the network %d, %v and %d: give the Config that its weights have",
		c.Noise, c.Image(), c.Classes, noise, n.image, classes)
}

// columns is how many images a row has.
func (c Config) columns(rows int, classes []int64) (int, error) {
	for _, class := range classes {
		if c.Classes == 0 {
			return 0, errors.New("the generator knows no classes: there is nothing to choose but the seed")
		}
		if class < 0 || class >= int64(c.Classes) {
			return 0, fmt.Errorf("class %d is outside of 0 to %d", class, c.Classes-1)
		}
	}
	if rows < 1 || len(classes) < min(1, c.Classes) {
		return 0, fmt.Errorf("nothing to draw: %d rows of %d classes", rows, len(classes))
	}
	return max(1, len(classes)), nil
}

// Images gives what the generator makes of noise that lies elsewhere, as a Python program does: noise [B, nz], row by row, and
// labels [B], none where it knows no classes. The values are those that come out of the network, [B, C, H, W].
func (n *Net) Images(c Config, noise []float32, labels []int64) (images []float32, err error) {
	if err := n.takes(c); err != nil {
		return nil, err
	}
	count := len(noise) / c.Noise
	if count*c.Noise != len(noise) || count == 0 {
		return nil, fmt.Errorf("there are %d values of noise, which is not %d for each image", len(noise), c.Noise)
	}
	if c.Classes > 0 && len(labels) != count {
		return nil, fmt.Errorf("there are %d labels for noise of %d images", len(labels), count)
	}
	if _, err := c.columns(count, labels); err != nil {
		return nil, err
	}
	err = n.evaluate("draw images", func() {
		images = n.draw(c, torch.FromFloat32s(noise, []int64{int64(count), int64(c.Noise)}), labels)
	})
	return images, err
}

// Point is what one image is drawn of.
type Point struct {
	Noise         []float32 // [nz]
	Class, Toward int64     // nothing of a network that knows no classes
	Share         float32   // from 0 to 1, how far it goes from Class to Toward: what Condition makes of both is joined in a straight line
}

// NoiseRows is the noise of that many rows which Draw draws with this seed, [rows, nz] one after the other.
func (n *Net) NoiseRows(c Config, rows int, seed int64) (noise []float32, err error) {
	err = torch.Do("draw noise", func() error {
		noise = n.newNoise(c, rows, seed).Float32s()
		return nil
	})
	return noise, err
}

// DrawPoints draws an image of each point, which depends on its point alone, to the bit, but in networks that normalise by the batch
// at hand (BatchNorm without running statistics). The caller bounds how many there are.
func (n *Net) DrawPoints(c Config, points []Point) (images Images, err error) {
	if err := n.takes(c); err != nil {
		return images, err
	}
	if _, _, _, err := c.split(points); err != nil {
		return images, err
	}
	atOnce := len(points)
	if !n.Joins() && !n.needsBatch() {
		atOnce = 1
	}
	var pixels []float32
	err = n.evaluate("draw images", func() {
		for part := range slices.Chunk(points, atOnce) {
			torch.Scope(func() { pixels = append(pixels, n.drawPoints(c, part)...) })
		}
	})
	if err != nil {
		return images, err
	}
	scale(pixels, n.arch.Values)
	return c.images(pixels), nil
}

// Joins says that images come out the same, to the bit, whatever is drawn with them: on kernels of cgan's own, but not on PyTorch's
// ops, which sum in another order where a batch has another size.
func (n *Net) Joins() bool {
	_, article := n.Network.(*Generator)
	f := n.Fast()
	return article && n.Device() == torch.CPU && f.Norm && f.Kernels != nil
}

// DrawnTogether is how many images of Draw, one after the other, depend on each other: as many as it draws at a time where the network
// normalises by the batch at hand (BatchNorm without running statistics), else 1.
func (n *Net) DrawnTogether() int {
	if n.needsBatch() {
		return n.atOnce
	}
	return 1
}

// needsBatch says that an image depends on those that are drawn with it by the network itself.
func (n *Net) needsBatch() bool {
	return slices.ContainsFunc(n.Leaves(), func(l nn.Leaf) bool {
		norm, ok := l.Module.(interface{ ByBatch() bool })
		return ok && norm.ByBatch()
	})
}

// drawPoints draws points, which split has checked, as one batch.
func (n *Net) drawPoints(c Config, points []Point) []float32 {
	noise, from, toward, _ := c.split(points)
	x := torch.FromFloat32s(noise, []int64{int64(len(points)), int64(c.Noise)})
	if !slices.ContainsFunc(points, func(p Point) bool { return p.Share != 0 }) {
		return n.draw(c, x, from)
	}
	return n.forward(n.between(n.condition(c, x, from), n.condition(c, x, toward), points))
}

// split is the noise and the labels of points, which it checks.
func (c Config) split(points []Point) (noise []float32, from, toward []int64, err error) {
	for i, p := range points {
		if len(p.Noise) != c.Noise {
			return nil, nil, nil, fmt.Errorf("image %d has %d values of noise: it must be %d", i, len(p.Noise), c.Noise)
		}
		if !(p.Share >= 0 && p.Share <= 1) {
			return nil, nil, nil, fmt.Errorf("image %d is %v of the way between two classes: it must be from 0 to 1", i, p.Share)
		}
		noise = append(noise, p.Noise...)
		if c.Classes > 0 {
			from, toward = append(from, p.Class), append(toward, p.Toward)
		}
	}
	if _, err = c.columns(len(points), from); err == nil {
		_, err = c.columns(len(points), toward)
	}
	return noise, from, toward, err
}

// between joins what Condition gives for both classes of each point, each [B, ...].
func (n *Net) between(a, b *torch.Tensor, points []Point) *torch.Tensor {
	shape := make([]int64, len(a.Shape())) // [B, 1, ...]
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = int64(len(points))
	share := make([]float32, len(points))
	for i, p := range points {
		share[i] = p.Share
	}
	s := torch.FromFloat32s(share, shape).To(a.Device())
	return a.Mul(s.Rsub(1)).Add(b.Mul(s)) // at 0 and 1 it is one of them, to the bit
}

// evaluate runs fn in evaluation mode, without gradients.
func (n *Net) evaluate(what string, fn func()) error {
	places <- struct{}{}
	defer func() { <-places }()
	return torch.Do(what, func() error {
		if n.Training() {
			defer n.Train(true)
			n.Eval()
		}
		torch.NoGrad(fn)
		return nil
	})
}

const maxValues = 1 << 31 // of one drawing: 8 GiB

// places bounds the drawings that are at work at once: each has threads of its own, and more than the cores would
// only take memory. The others wait.
var places = make(chan struct{}, runtime.GOMAXPROCS(0))

// newNoise is [rows, nz] of its own generator, drawn row by row, so that a row does not depend on how many follow it.
func (n *Net) newNoise(c Config, rows int, seed int64) *torch.Tensor {
	generator := torch.NewGenerator(seed)
	defer generator.Free()
	each := make([]*torch.Tensor, rows)
	for i := range each {
		each[i] = n.draws(generator, []int64{1, int64(c.Noise)})
	}
	return torch.Cat(each, 0)
}

// draws draws noise of that shape.
func (n *Net) draws(generator *torch.Generator, shape []int64) *torch.Tensor {
	switch source := n.arch.Source[0]; source.Op {
	case "rand":
		return generator.Rand(shape)
	case "uniform":
		low, high := source.Float("low"), source.Float("high")
		return generator.Rand(shape).MulScalar(high - low).AddScalar(low)
	}
	return generator.Randn(shape)
}

// Noise draws noise for a batch from the default random number generator, as a training needs it: [B, nz, 1, 1], or the
// column's own shape.
func (n *Net) Noise(batch int64, device torch.Device) *torch.Tensor {
	shape := append([]int64{batch}, n.arch.Noise()...)
	switch source := n.arch.Source[0]; source.Op {
	case "rand":
		return torch.Rand(shape, device)
	case "uniform":
		noise := torch.Empty(shape, torch.Float32, device)
		noise.Uniform_(source.Float("low"), source.Float("high"))
		return noise
	}
	return torch.Randn(shape, device)
}

// draw is what the network makes of noise [B, nz] and labels [B].
func (n *Net) draw(c Config, noise *torch.Tensor, labels []int64) []float32 {
	return n.forward(n.condition(c, noise, labels))
}

// condition puts labels [B] to noise [B, nz], on the network's device.
func (n *Net) condition(c Config, noise *torch.Tensor, labels []int64) *torch.Tensor {
	device := n.Device()
	var label *torch.Tensor
	if c.Classes > 0 {
		label = torch.FromInt64s(labels).To(device)
	}
	noise = noise.View(append([]int64{noise.Size(0)}, n.arch.Noise()...)...).To(device) // [B, nz] -> [B, nz, 1, 1], or as it is
	return n.Condition(noise, label, int64(c.Classes))
}

// forward is what comes out of the network, for a caller on the CPU.
func (n *Net) forward(z *torch.Tensor) []float32 { return n.Forward(z).Type(torch.Float32).Float32s() }

// scale brings values that are black and white at other numbers to -1 and 1.
func scale(pixels []float32, values [2]float64) {
	black, white := values[0], values[1]
	if black == -1 && white == 1 {
		return
	}
	for i, v := range pixels {
		pixels[i] = float32(2*(float64(v)-black)/(white-black) - 1)
	}
}
