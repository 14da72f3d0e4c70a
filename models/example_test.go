package models_test

import (
	"context"
	"fmt"

	"cgan/models"
	"cgan/models/imageset"
	"cgan/models/picture"
)

// Opens what a training left, or a weights file of Go or Python, and draws: on the fast kernels, without a word more.
func Example() {
	w, err := models.Open("runs/00000-mnist", "")
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
	images, err := g.Draw(w.Config, 1, []int64{3, 1, 4}, 7) // one row of three classes, seed 7
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := picture.Save("three.png", true, images.Grid(3)); err != nil {
		fmt.Println(err)
	}
}

// PyTorch's own ops, for the same bits as Python's; another generator may draw in bfloat16 at the same time.
func ExampleNet_Use() {
	w, err := models.Open("generator.pt", "")
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
	if err := g.Use(models.Compute{Exact: true}); err != nil {
		fmt.Println(err)
	}
}

// A set of any size, as MNIST has it: 6,000 images of each of two classes, of seed 7.
func ExampleNet_DrawEach() {
	w, err := models.Open("runs/00000-mnist", "")
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
	set, err := imageset.NewIDX("drawn", imageset.About{N: 2 * 6000, Channels: 1, Height: 28, Width: 28, Classes: w.Classes})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer set.Discard()
	_, err = g.DrawEach(context.Background(), w.Config, models.Rows([]int64{7}, 6000, []int64{3, 8}), nil, func(images models.Images, of []models.Origin) error {
		for i, o := range of {
			pixels := images.Pixels[i*784:][:784]
			if err := set.Add(imageset.Image{Pixels: pixels, Class: int(o.Class), Seed: o.Seed, Row: o.Row}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = set.Close()
	}
	if err != nil {
		fmt.Println(err)
	}
}

// Draws with the generator of digits that ships with cgan: nothing is trained and no file is read.
func ExampleDigits() {
	w, err := models.Digits()
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
	images, err := g.Draw(w.Config, 1, []int64{3, 1, 4}, 7) // one row of three classes, seed 7
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(images.N, "images of", images.Channels, "x", images.Height, "x", images.Width)
	// Output: 3 images of 1 x 28 x 28
}
