package evaluate

import (
	"context"
	"fmt"
	"slices"

	"cgan/bindings/torch"
	"cgan/models"
)

// Drawn is images of a generator as the judge sees them. Their pixels are not kept: who wants to see some draws them again.
type Drawn struct {
	*judged
	generator *models.Net
	config    models.Config
	noise     []float32 // [N, nz]
}

// Draw draws as many images as there are real ones, Count, and judges them, in batches: image i shows the class of real image i and
// has a noise of its own, which depends on seed and i alone. No other random number is drawn.
func (r *Reference) Draw(ctx context.Context, g *models.Net, c models.Config, seed int64) (*Drawn, error) {
	if err := r.Fits(c, nil); err != nil {
		return nil, err
	}
	count := r.Count()
	noise, err := g.NoiseRows(c, count, seed)
	if err != nil {
		return nil, err
	}
	d := &Drawn{&judged{asked: r.asked(c)}, g, c, noise}
	for numbers := range slices.Chunk(firstNumbers(count), judgeBatch) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		images, err := d.images(numbers)
		if err != nil {
			return nil, err
		}
		err = torch.Do("judge drawn images", func() error {
			d.add(r.judge, torch.FromFloat32s(images.Pixels, []int64{int64(images.N), int64(images.Channels), int64(images.Height), int64(images.Width)}))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Count is how many real images there are to compare with, and how many are drawn: of fewer real ones than drawn ones more would
// be covered, and a classifier learn less.
func (r *Reference) Count() int { return r.real.n() }

// asked is the classes that are asked of a generator, as many of each as among the real images. MNIST has a quarter more of digit 1
// than of 5: real images of equal classes are twice as far from others of it as those are from each other.
func (r *Reference) asked(c models.Config) []int {
	if c.Classes == 0 {
		return make([]int, r.Count())
	}
	return slices.Clone(r.real.asked)
}

// Fits says what keeps images of a generator from being compared with the reference. Where its classes have names, not numbers,
// they must be the data's.
func (r *Reference) Fits(c models.Config, names models.Classes) error {
	if image := c.Image(); int(image[0]) != r.size[0] || int(image[1]) != r.size[1] || int(image[2]) != r.size[2] {
		return fmt.Errorf("the generator draws images of %v, and the data's are %v: give the data the same size and channels", image, r.size)
	}
	if c.Classes > 0 && c.Classes != len(r.about.Classes) {
		return fmt.Errorf("the generator knows %d classes, and the judge %d: judge with the data that it was trained on", c.Classes, len(r.about.Classes))
	}
	if c.Classes > 0 && len(names) > 0 && !slices.Equal(names, models.NumberedClasses(c.Classes)) && !slices.Equal(names, r.about.Classes) {
		return fmt.Errorf("the generator draws %s, and the data has %s: judge with the data that it was trained on", names, models.Classes(r.about.Classes))
	}
	return nil
}

// images draws some of the images as one batch, by their numbers.
func (d *Drawn) images(numbers []int) (models.Images, error) {
	var classes []int64
	for _, i := range numbers {
		classes = append(classes, int64(d.asked[i]))
	}
	return d.ofClasses(numbers, classes)
}

// ofClasses draws images of the noise of some, but of other classes, which a generator that knows none leaves aside.
func (d *Drawn) ofClasses(numbers []int, classes []int64) (models.Images, error) {
	var noise []float32
	for _, i := range numbers {
		noise = append(noise, d.noise[i*d.config.Noise:][:d.config.Noise]...)
	}
	if d.config.Classes == 0 {
		classes = nil
	}
	pixels, err := d.generator.Images(d.config, noise, classes)
	black, white := float32(d.generator.Arch().Values[0]), float32(d.generator.Arch().Values[1])
	if black != -1 || white != 1 {
		for i, v := range pixels {
			pixels[i] = 2*(v-black)/(white-black) - 1
		}
	}
	image := d.config.Image()
	return models.Images{Pixels: pixels, N: len(numbers), Channels: int(image[0]), Height: int(image[1]), Width: int(image[2])}, err
}
