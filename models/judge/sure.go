package judge

import (
	"fmt"
	"math"

	"cgan/bindings/torch"
	"cgan/models"
)

// Smoothing is the label smoothing that judges are trained with. What they give for a class of probability p is
// (1-Smoothing)*p + Smoothing/classes.
const Smoothing = 0.1

// Sure is how sure the judge is of each image that it shows its class: the softmax of its scores without Smoothing, from 0 to 1. It
// depends on the image alone, to the bit, whatever is judged with it. The judge is in evaluation mode.
func (j *Judge) Sure(images models.Images, classes []int64) (sure []float64, err error) {
	if images.N != len(classes) || int64(images.Channels) != j.channels {
		return nil, fmt.Errorf("%d images of %d channels, and %d classes: the judge reads %d channels, and an image for each class", images.N, images.Channels, len(classes), j.channels)
	}
	err = torch.Do("judge images", func() error {
		torch.NoGrad(func() {
			shape := []int64{int64(images.N), int64(images.Channels), int64(images.Height), int64(images.Width)}
			all, size := torch.FromFloat32s(images.Pixels, shape), int64(1)
			if f := j.Fast(); f.Kernels != nil && !f.BFloat16 { // whose sums are the same in any batch, other than PyTorch's
				size = shape[0]
			}
			for start := int64(0); start < shape[0]; start += size {
				features := j.Features(all.Narrow(0, start, size))
				for i := range size {
					scores := j.Classify(features.Narrow(0, i, 1)).Float32s()
					q, even := softmax(scores, int(classes[start+i])), 1/float64(j.classes)
					sure = append(sure, min(max((q-Smoothing*even)/(1-Smoothing), 0), 1))
				}
			}
		})
		return nil
	})
	return sure, err
}

// softmax is that of one of the scores; 0 where they are no numbers.
func softmax(scores []float32, of int) float64 {
	var sum float64
	for _, s := range scores {
		sum += math.Exp(float64(s) - float64(scores[of]))
	}
	if math.IsNaN(sum) {
		return 0
	}
	return 1 / sum
}
