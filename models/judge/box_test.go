package judge

import (
	"slices"
	"testing"

	"cgan/models"
)

// Their fingerprints.
const (
	mnist        = "15476cec9179265657c2afb9152e00646d2c48535653eadf2bc1eba891924dad"
	fashionMNIST = "3678bc0ee4a5b6d294fcdea1a3157e1f300c1cd39d9ade32ddea86212a715b6f"
)

// The judges of MNIST and Fashion-MNIST are in the box, of other data there is none.
func TestTheBoxHasMNISTAndFashionMNIST(t *testing.T) {
	for data, least := range map[string]float64{mnist: 0.996, fashionMNIST: 0.935} {
		j, about, ok, err := InBox(data)
		if err != nil || !ok || about.Accuracy < least || about.Tested != 10_000 || len(about.Classes) != 10 {
			t.Fatalf("%v, %v, %v", about, ok, err)
		}
		j.Free()
	}
	if _, _, ok, err := InBox("0000"); ok || err != nil {
		t.Errorf("unknown data: %v, %v", ok, err)
	}
}

// The generators that ship with cgan draw what they are asked for: the judge of their data reads it so, of 50 images of each class.
func TestThePretrainedGeneratorsDrawTheirClasses(t *testing.T) {
	for name, open := range map[string]struct {
		weights func() (*models.Weights, error)
		data    string
		least   int // of 500
	}{"digits": {models.Digits, mnist, 490}, "clothes": {models.Clothes, fashionMNIST, 420}} {
		w, err := open.weights()
		if err != nil {
			t.Fatal(err)
		}
		g, err := w.LoadGenerator()
		if err != nil {
			t.Fatal(err)
		}
		defer g.Free()
		j, about, ok, err := InBox(open.data)
		if err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		defer j.Free()
		if !slices.Equal(w.Classes, about.Classes) {
			t.Errorf("%s: classes %v, the judge's are %v", name, w.Classes, about.Classes)
		}
		asked := make([]int64, 500)
		for i := range asked {
			asked[i] = int64(i % len(w.Classes))
		}
		images, err := g.Draw(w.Config, 50, asked[:len(w.Classes)], 1)
		if err != nil {
			t.Fatal(err)
		}
		sure, err := j.Sure(images, asked)
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		for _, s := range sure {
			if s > 0.5 {
				read++
			}
		}
		if read < open.least {
			t.Errorf("%s: of 500 images %d show their class", name, read)
		}
	}
}
