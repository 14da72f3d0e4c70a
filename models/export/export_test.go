package export

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models"
)

// small has noise 5 and 3 classes; the generator is seeded, its running statistics are its own.
var small = models.Config{Noise: 5, NgF: 2, NdF: 2, Channels: 4, Size: 28, Classes: 3}

func newGenerator(t *testing.T, c models.Config) *models.Net {
	t.Helper()
	var g *models.Net
	torchtest.Do(t, func() {
		torch.ManualSeed(3)
		g = c.NewGenerator()
		torch.NoGrad(func() {
			for range 3 {
				g.Forward(torch.Randn([]int64{8, int64(c.Noise + c.Classes), 1, 1}, torch.CPU))
			}
		})
		g.Eval()
	})
	t.Cleanup(g.Free)
	return g
}

func writeONNX(t *testing.T, g *models.Net, c models.Config, metadata map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := ONNX(&out, g, c, metadata); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestONNXGivesEqualBytes(t *testing.T) {
	g := newGenerator(t, small)
	first := writeONNX(t, g, small, map[string]string{"a": "1", "b": "2", "classes": "9"})
	for range 10 {
		if again := writeONNX(t, g, small, map[string]string{"b": "2", "a": "1"}); !bytes.Equal(again, first) {
			t.Fatal("equal weights give different bytes")
		}
	}
}

func TestONNXRefusesAndReports(t *testing.T) {
	g := newGenerator(t, small)
	var out bytes.Buffer
	err := ONNX(&out, g, small, map[string]string{"a": "\xff"})
	if err == nil || !strings.Contains(err.Error(), `metadata entry "a" is not UTF-8`) || out.Len() > 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
	for _, room := range []int{0, 10, 3000} {
		if err := ONNX(&fullDisk{room}, g, small, nil); !errors.Is(err, errFull) {
			t.Errorf("room %d: %v", room, err)
		}
	}
}

var errFull = errors.New("no space left")

// fullDisk takes so many bytes.
type fullDisk struct{ room int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if len(p) > d.room {
		return 0, errFull
	}
	d.room -= len(p)
	return len(p), nil
}
