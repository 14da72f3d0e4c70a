package train

import (
	"encoding/binary"
	"fmt"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/dataset"
)

// Loader hands out shuffled batches of a data set that stays in memory as bytes. It draws the random
// numbers that DataLoader(shuffle=True) of train.py draws.
type Loader struct {
	image, label *torch.Tensor // uint8 [N, 1, 28, 28] and int64 [N], kept
	white        *torch.Tensor // 255; a tensor, because CUDA multiplies by a number's inverse, which rounds otherwise; kept
	batch        int64
	device       torch.Device
	order        *torch.Tensor // this epoch's permutation, int64 [N], kept
}

// NewLoader takes a data set whose images must be of the networks' size. Free it.
func NewLoader(set *dataset.Set, batch int, device torch.Device) (*Loader, error) {
	n, height, width := int64(set.Images.N), int64(set.Images.Height), int64(set.Images.Width)
	if height != models.ImageSize || width != models.ImageSize || set.Images.Channels != 1 {
		return nil, &dataset.DataError{File: set.Images.File, Offset: 8, Reason: fmt.Sprintf("the images are %dx%d with %d channels: the networks take %dx%d with 1",
			height, width, set.Images.Channels, models.ImageSize, models.ImageSize)}
	}
	l := &Loader{batch: int64(batch), device: device}
	err := torch.Do("load the data set", func() error {
		l.image = torch.FromBytes(set.Images.Pixels, []int64{n, 1, height, width}, torch.Uint8).To(device).Keep()
		l.label = torch.FromBytes(labelBytes(set.Labels), []int64{n}, torch.Int64).To(device).Keep()
		l.white = torch.ScalarTensor(255, torch.Float32, device).Keep()
		return nil
	})
	if err != nil {
		l.Free()
		return nil, err
	}
	return l, nil
}

func labelBytes(labels []int32) []byte {
	var b []byte
	for _, label := range labels {
		b = binary.LittleEndian.AppendUint64(b, uint64(label))
	}
	return b
}

// Batches is the number of batches in an epoch; the last one may be smaller.
func (l *Loader) Batches() int { return int((l.label.Size(0) + l.batch - 1) / l.batch) }

// Shuffle begins an epoch. DataLoader's iterator draws a base seed for its workers, then the sampler
// draws the seed of a generator of its own.
func (l *Loader) Shuffle() error {
	return torch.Do("shuffle the data set", func() error {
		torch.RandomSeed()
		generator := torch.NewGenerator(torch.RandomSeed())
		defer generator.Free()
		if l.order != nil {
			l.order.Free()
		}
		l.order = generator.Randperm(l.label.Size(0)).To(l.device).Keep()
		return nil
	})
}

// Batch gives images [B, 1, 28, 28] in [-1, 1] and labels [B] of batch i of this epoch, inside torch.Do.
func (l *Loader) Batch(i int) (image, label *torch.Tensor) {
	start := int64(i) * l.batch
	index := l.order.Narrow(0, start, min(l.batch, l.label.Size(0)-start))
	image = l.image.IndexSelect(0, index).Type(torch.Float32) // [B, 1, 28, 28]
	image = image.Div(l.white).Sub_(0.5).Div_(0.5)            // bytes -> [-1, 1]
	return image, l.label.IndexSelect(0, index)
}

// Free ends the data set.
func (l *Loader) Free() {
	for _, t := range []*torch.Tensor{l.image, l.label, l.white, l.order} {
		if t != nil {
			t.Free()
		}
	}
}
