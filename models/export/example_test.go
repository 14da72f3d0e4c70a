package export_test

import (
	"fmt"
	"io"

	"cgan/models"
	"cgan/models/export"
	"cgan/weights/atomicfile"
)

// Writes a trained generator as an ONNX program: whole, or not at all.
func ExampleONNX() {
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
	err = atomicfile.Write("generator.onnx", false, func(out io.Writer) error { return export.ONNX(out, g, w.Config, nil) })
	if err != nil {
		fmt.Println(err)
	}
}
