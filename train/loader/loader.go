// Package loader hands out the shuffled batches of a data set as tensors, as DataLoader does in train.py.
package loader

import (
	"cgan/bindings/torch"
	"cgan/train/dataset"
)

// Loader hands out shuffled batches of a data set, which stays as bytes: in memory, on CUDA, or on the disk. It draws the
// random numbers that DataLoader(shuffle=True) of train.py draws.
type Loader struct {
	set     *dataset.Set
	batch   int
	device  torch.Device
	order   []int64       // this epoch's permutation of the images
	sampler *sampler      // of this process's share; nil for one process, which has all
	ahead   chan gathered // the batch that is being read, or nil
	aheadOf int           // its number
	white   *torch.Tensor // 255; a tensor, because CUDA multiplies by a number's inverse, which rounds otherwise; kept

	image, label *torch.Tensor // uint8 [N, C, H, W] and int64 [N] on CUDA, kept; nil where batches are gathered on the CPU
}

// gathered is the bytes and labels of one batch.
type gathered struct {
	pixels []byte
	label  []int64
	err    error
}

// New takes a data set. Free it.
func New(set *dataset.Set, batch int, device torch.Device) (*Loader, error) {
	l := &Loader{set: set, batch: batch, device: device}
	err := torch.Do("load the data set", func() error {
		l.white = torch.ScalarTensor(255, torch.Float32, device).Keep()
		if i := set.Images; device == torch.CPU || len(i.Pixels) != i.N*i.Size() { // they stay on the disk, or are a part of a set
			return nil
		}
		label := make([]int64, set.Images.N)
		for i, class := range set.Labels {
			label[i] = int64(class)
		}
		l.image = torch.FromBytes(set.Images.Pixels, l.shape(set.Images.N), torch.Uint8).To(device).Keep()
		l.label = torch.FromInt64s(label).To(device).Keep()
		return nil
	})
	if err != nil {
		l.Free()
		return nil, err
	}
	return l, nil
}

// shape is that of n images.
func (l *Loader) shape(n int) []int64 {
	i := l.set.Images
	return []int64{int64(n), int64(i.Channels), int64(i.Height), int64(i.Width)}
}

// Batches is the number of batches in an epoch; the last one may be smaller.
func (l *Loader) Batches() int { return batches(l.images(), l.batch) }

// BatchesOf is Batches of each of several replicas.
func BatchesOf(images, batch, replicas int) int {
	return batches((&sampler{replicas: replicas}).share(images), batch)
}

func batches(images, batch int) int { return (images + batch - 1) / batch }

// images is how many an epoch of this process has.
func (l *Loader) images() int {
	if l.sampler != nil {
		return l.sampler.share(l.set.Images.N)
	}
	return l.set.Images.N
}

// Shuffle begins an epoch. DataLoader's iterator draws a base seed for its workers, then the sampler
// draws the seed of a generator of its own.
func (l *Loader) Shuffle() error {
	return torch.Do("shuffle the data set", func() error {
		torch.RandomSeed()
		if l.sampler != nil {
			l.Wait()
			l.order = l.sampler.order(l.set.Images.N)
			return nil
		}
		generator := torch.NewGenerator(torch.RandomSeed())
		defer generator.Free()
		l.Wait()
		l.order = generator.Randperm(int64(l.set.Images.N)).Int64s()
		return nil
	})
}

// Batch gives images [B, C, H, W] in [-1, 1] and labels [B] of batch i of this epoch, inside torch.Do. The error is of an
// image that can't be read.
func (l *Loader) Batch(i int) (image, label *torch.Tensor, err error) {
	index := l.indices(i)
	if l.image != nil {
		at := torch.FromInt64s(index).To(l.device)
		image, label = l.image.IndexSelect(0, at), l.label.IndexSelect(0, at)
	} else {
		b := l.take(i)
		if b.err != nil {
			return nil, nil, b.err
		}
		image = torch.FromBytes(b.pixels, l.shape(len(index)), torch.Uint8).To(l.device)
		label = torch.FromInt64s(b.label).To(l.device)
	}
	return image.Type(torch.Float32).Div(l.white).Sub_(0.5).Div_(0.5), label, nil // bytes -> [-1, 1]
}

// indices are the images of batch i.
func (l *Loader) indices(i int) []int64 {
	start := i * l.batch
	return l.order[start:min(start+l.batch, len(l.order))]
}

// take gives batch i, and begins to read the next one, so that the disk works while a step is computed.
func (l *Loader) take(i int) gathered {
	if l.ahead == nil || l.aheadOf != i {
		l.Wait()
		l.readAhead(i)
	}
	b := <-l.ahead
	l.ahead = nil
	if i+1 < l.Batches() {
		l.readAhead(i + 1)
	}
	return b
}

// readAhead begins to read batch i.
func (l *Loader) readAhead(i int) {
	index, ready := l.indices(i), make(chan gathered, 1)
	l.ahead, l.aheadOf = ready, i
	go func() { ready <- l.gather(index) }()
}

// Wait waits for the batch that is being read ahead, if one is. It is read again when it is asked for.
func (l *Loader) Wait() {
	if l.ahead != nil {
		<-l.ahead
		l.ahead = nil
	}
}

func (l *Loader) gather(index []int64) gathered {
	size := l.set.Images.Size()
	b := gathered{pixels: make([]byte, len(index)*size), label: make([]int64, len(index))}
	for k, image := range index {
		if err := l.set.Images.Read(int(image), b.pixels[k*size:][:size]); err != nil {
			return gathered{err: err}
		}
		b.label[k] = int64(l.set.Labels[image])
	}
	return b
}

// Free ends the data set.
func (l *Loader) Free() {
	l.Wait()
	for _, t := range []*torch.Tensor{l.image, l.label, l.white} {
		if t != nil {
			t.Free()
		}
	}
}
