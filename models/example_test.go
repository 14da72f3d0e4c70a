package models_test

import (
	"fmt"

	"cgan/models"
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
