package evaluate

import (
	"slices"

	"cgan/bindings/torch"
	"cgan/models/judge"
	"cgan/train/dataset"
)

// judged is what a judge makes of images.
type judged struct {
	features []float64 // [N, judge.Features]
	read     []int     // the class that each seems to show
	asked    []int     // the class that each shall show
}

func (v *judged) n() int { return len(v.read) }

// row is the features of image i.
func (v *judged) row(i int) []float64 { return v.features[i*judge.Features:][:judge.Features] }

const judgeBatch = 250 // images at once, which bounds the memory

// add judges images [N, C, H, W] in [-1, 1]. It runs inside torch.Do.
func (v *judged) add(j *judge.Judge, image *torch.Tensor) {
	torch.NoGrad(func() {
		features := j.Features(image)
		for _, f := range features.Float32s() {
			v.features = append(v.features, float64(f))
		}
		for _, class := range j.Classify(features).Argmax(1).Int64s() {
			v.read = append(v.read, int(class))
		}
	})
}

// judgeSet judges images of a set, by their numbers.
func judgeSet(j *judge.Judge, set *dataset.Set, numbers []int) (*judged, error) {
	v := &judged{}
	for part := range slices.Chunk(numbers, judgeBatch) {
		pixels, asked, err := readImages(set, part)
		if err != nil {
			return nil, err
		}
		err = torch.Do("judge real images", func() error {
			shape := []int64{int64(len(part)), int64(set.Images.Channels), int64(set.Images.Height), int64(set.Images.Width)}
			v.add(j, torch.FromBytes(pixels, shape, torch.Uint8).Type(torch.Float32).Div_(255).Sub_(0.5).Div_(0.5))
			return nil
		})
		if err != nil {
			return nil, err
		}
		v.asked = append(v.asked, asked...)
	}
	return v, nil
}

// readImages reads images of a set by their numbers, one after the other, and their classes.
func readImages(set *dataset.Set, numbers []int) (pixels []byte, classes []int, err error) {
	size := set.Images.Size()
	pixels, classes = make([]byte, len(numbers)*size), make([]int, len(numbers))
	for k, number := range numbers {
		if err := set.Images.Read(number, pixels[k*size:][:size]); err != nil {
			return nil, nil, err
		}
		classes[k] = int(set.Labels[number])
	}
	return pixels, classes, nil
}

// right is how many are read as asked.
func (v *judged) right() (n int) {
	for i, class := range v.read {
		if class == v.asked[i] {
			n++
		}
	}
	return n
}

// byClass is how many of each class are read as asked, and how many there are.
func (v *judged) byClass(classes int) (right, of []int) {
	right, of = make([]int, classes), make([]int, classes)
	for i, class := range v.asked {
		of[class]++
		if v.read[i] == class {
			right[class]++
		}
	}
	return right, of
}

// accuracy is the share that is read as asked.
func (v *judged) accuracy() float64 { return float64(v.right()) / float64(v.n()) }

func firstNumbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
