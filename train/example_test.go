package train_test

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"cgan/models"
	"cgan/train"
)

// Trains on images of one's own, a folder for each class, and draws from what came of it. With more steps the digits of
// MNIST take minutes; Preset has settings that were measured.
func ExampleRun() {
	dir, err := os.MkdirTemp("", "cgan-example-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := paint(filepath.Join(dir, "shades")); err != nil {
		fmt.Println(err)
		return
	}

	c := train.Default()
	c.Data, c.Out = filepath.Join(dir, "shades"), filepath.Join(dir, "runs")
	c.Steps, c.Batch, c.NgF, c.NdF = 4, 8, 8, 8 // small networks, for an example
	run, err := train.Run(context.Background(), c, progress{})
	if err != nil {
		fmt.Println(err)
		return
	}

	w, err := models.Open(run.Dir, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := w.LoadGenerator()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer g.Free()
	images, err := g.Draw(w.Config, 1, []int64{0, 1}, 7)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d steps; %d values of the classes %s\n", run.Steps, len(images.Pixels), w.Classes)
	// Output:
	// the run has begun
	// 4 steps; 1568 values of the classes dark, light
}

// progress is told what a run does.
type progress struct{}

func (progress) Begin(train.Begin) { fmt.Println("the run has begun") }
func (progress) Step(train.Stats)  {}
func (progress) Saved(...string)   {}
func (progress) Say(string)        {}

// paint makes 16 images of each of two classes.
func paint(dir string) error {
	for class, name := range []string{"dark", "light"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
		for i := range 16 {
			m := image.NewGray(image.Rect(0, 0, 28, 28))
			for p := range m.Pix {
				m.Pix[p] = uint8(200*class + i)
			}
			f, err := os.Create(filepath.Join(dir, name, fmt.Sprintf("%02d.png", i)))
			if err != nil {
				return err
			}
			if err := png.Encode(f, m); err != nil {
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}
