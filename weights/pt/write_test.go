package pt

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

// checkpoint is a value with one of everything that can be written.
func checkpoint() *weights.Dict {
	step := weightstest.Entry("", weights.F32).Tensor
	adam := weightstest.Dict("state", weightstest.Dict(int64(0), weightstest.Dict("step", &step, "exp_avg", weightstest.Entry("", weights.F32, 2, 3).Tensor)),
		"param_groups", weights.List{weightstest.Dict("lr", 2e-4, "betas", weights.Tuple{0.5, 0.999}, "amsgrad", false, "fused", nil, "params", weights.List{0, 1})})
	all := weights.StateDict{}
	for d := weights.F64; d <= weights.C128; d++ {
		all = append(all, weightstest.Entry("layer."+d.String(), d, 3))
	}
	return weightstest.Dict("generator", weights.StateDict{weightstest.Entry("layer1.0.weight", weights.F32, 2, 3, 1, 1), weightstest.Entry("layer1.1.running_mean", weights.F32, 3),
		weightstest.Entry("layer1.1.num_batches_tracked", weights.I64), weightstest.Entry("empty", weights.F32, 0, 4)}, "optimizerG", adam, "epoch", 3, "types", all,
		"ints", weights.List{0, 255, 256, 65535, 65536, -1, 1 << 31, int64(-1) << 63}, "text", "é", int64(-5), weights.Tuple{})
}

func TestWriteLayout(t *testing.T) {
	var out bytes.Buffer
	if err := Write(&out, "runs/7/generator.epoch3.pt", checkpoint(), nil); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		at, err := f.DataOffset()
		if err != nil || at%alignment != 0 || f.Method != zip.Store || !strings.HasPrefix(f.Name, "generator.epoch3/") {
			t.Errorf("%s: at %d, method %d, %v", f.Name, at, f.Method, err)
		}
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(content); err != nil { // checks the CRC
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if first, last := r.File[0].Name, r.File[len(r.File)-1].Name; first != "generator.epoch3/data.pkl" || last != "generator.epoch3/version" {
		t.Errorf("from %s to %s", first, last)
	}
}

func TestWriteReadsBack(t *testing.T) {
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := Write(out, "c.pt", checkpoint(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("equal values give different bytes")
	}
	v, notices, err := Read(first.Bytes())
	if err != nil || len(notices) > 0 || weightstest.Dump(v) != weightstest.Dump(checkpoint()) {
		t.Errorf("%v %v\ngot  %s\nwant %s", err, notices, weightstest.Dump(v), weightstest.Dump(checkpoint()))
	}
}

func TestTopFolder(t *testing.T) {
	for name, want := range map[string]string{
		"a.pt": "a", "a.tar.pt": "a.tar", "x/y/gen_1-2.pth": "gen_1-2", "none": "none",
		"": "archive", ".pt": "archive", "..": "archive", "é.pt": "archive", "a b.pt": "archive",
		strings.Repeat("a", 200) + ".pt": "archive", `C:\runs\g.pt`: "archive",
	} {
		if got := topFolder(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	loop := weightstest.Dict()
	loop.Set("self", loop)
	for want, v := range map[string]weights.Value{
		"cannot write x.pt: [a]: [0]: a float32 has no place":   weightstest.Dict("a", weights.List{float32(1)}),
		"the value is nested deeper than 1000 levels, or holds": loop,
		"is not UTF-8": "\xff",
		"[a]: float32 of shape [2] needs 8 bytes": weightstest.Dict("a", weights.Tensor{DType: weights.F32, Shape: []int64{2}, Data: nil}),
		"uint32 cannot go into a .pt file":        weightstest.Entry("", weights.U32).Tensor,
		`tensor "a": the key occurs twice`:        weights.StateDict{weightstest.Entry("a", weights.F32), weightstest.Entry("a", weights.F32)},
		"a map[string]int has no place":           map[string]int{},
	} {
		var out bytes.Buffer
		err := Write(&out, "x.pt", v, nil)
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
			t.Errorf("%.200v does not say %q", err, want)
		}
		if out.Len() != 0 {
			t.Errorf("%s: %d bytes were written", want, out.Len())
		}
	}
}

func TestWriteReportsAFullDisk(t *testing.T) {
	s := weights.StateDict{weightstest.Entry("a", weights.F32, 100_000), weightstest.Entry("b", weights.F32, 100_000)}
	for _, room := range []int{0, 10, 500_000} {
		if err := Write(&weightstest.FullDisk{Left: room}, "x.pt", s, nil); !errors.Is(err, weightstest.ErrFull) {
			t.Errorf("room %d: %v", room, err)
		}
	}
}
