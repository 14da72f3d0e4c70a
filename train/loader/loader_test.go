package loader

import (
	"fmt"
	"slices"
	"testing"

	"cgan/bindings/torch"
	"cgan/train/dataset"
	"cgan/train/internal/noiseset"
)

func TestLoaderGivesEveryImageOnce(t *testing.T) {
	set, err := dataset.Open(t.Context(), noiseset.Write(t, 40), dataset.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(set, 16, torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Free()
	if err := l.Shuffle(); err != nil {
		t.Fatal(err)
	}
	counts := map[int64]int{}
	var sizes []int64
	for i := range l.Batches() {
		err := torch.Do("", func() error {
			image, label, err := l.Batch(i)
			if err != nil {
				return err
			}
			sizes = append(sizes, image.Size(0))
			for _, v := range image.Float32s() {
				if v < -1 || v > 1 {
					return fmt.Errorf("pixel %v", v)
				}
			}
			for _, v := range label.Int64s() {
				counts[v]++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(sizes, []int64{16, 16, 8}) {
		t.Errorf("batches of %v", sizes)
	}
	for class := range int64(10) {
		if counts[class] != 4 {
			t.Errorf("class %d came %d times, want 4", class, counts[class])
		}
	}
}
