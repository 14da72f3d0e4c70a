package weights

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// checkpoint is a value with one of everything that can be written.
func checkpoint() *Dict {
	step := entry("", F32).Tensor
	adam := dict("state", dict(int64(0), dict("step", &step, "exp_avg", entry("", F32, 2, 3).Tensor)),
		"param_groups", List{dict("lr", 2e-4, "betas", Tuple{0.5, 0.999}, "amsgrad", false, "fused", nil, "params", List{0, 1})})
	all := StateDict{}
	for d := F64; d <= C128; d++ {
		all = append(all, entry("layer."+d.String(), d, 3))
	}
	return dict("generator", StateDict{entry("layer1.0.weight", F32, 2, 3, 1, 1), entry("layer1.1.running_mean", F32, 3),
		entry("layer1.1.num_batches_tracked", I64), entry("empty", F32, 0, 4)}, "optimizerG", adam, "epoch", 3, "types", all,
		"ints", List{0, 255, 256, 65535, 65536, -1, 1 << 31, int64(-1) << 63}, "text", "é", int64(-5), Tuple{})
}

func TestWritePTLayout(t *testing.T) {
	var out bytes.Buffer
	if err := WritePT(&out, "runs/7/generator.epoch3.pt", checkpoint()); err != nil {
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

func TestWritePTReadsBack(t *testing.T) {
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := WritePT(out, "c.pt", checkpoint()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("equal values give different bytes")
	}
	v, notices, err := readBytes(first.Bytes())
	if err != nil || len(notices) > 0 || dump(v) != dump(checkpoint()) {
		t.Errorf("%v %v\ngot  %s\nwant %s", err, notices, dump(v), dump(checkpoint()))
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

func TestWritePTRefuses(t *testing.T) {
	loop := dict()
	loop.Set("self", loop)
	for want, v := range map[string]Value{
		"cannot write x.pt: [a]: [0]: a float32 has no place":   dict("a", List{float32(1)}),
		"the value is nested deeper than 1000 levels, or holds": loop,
		"is not UTF-8": "\xff",
		"[a]: float32 of shape [2] needs 8 bytes": dict("a", Tensor{F32, []int64{2}, nil}),
		"uint32 cannot go into a .pt file":        entry("", U32).Tensor,
		`tensor "a": the key occurs twice`:        StateDict{entry("a", F32), entry("a", F32)},
		"a map[string]int has no place":           map[string]int{},
	} {
		var out bytes.Buffer
		err := WritePT(&out, "x.pt", v)
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 200 {
			t.Errorf("%.200v does not say %q", err, want)
		}
		if out.Len() != 0 {
			t.Errorf("%s: %d bytes were written", want, out.Len())
		}
	}
}

// fullDisk takes so many bytes and then fails.
type fullDisk struct{ left int }

var errFull = errors.New("the disk is full")

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWritersReportAFullDisk(t *testing.T) {
	s := StateDict{entry("a", F32, 100_000), entry("b", F32, 100_000)}
	for _, room := range []int{0, 10, 500_000} {
		if err := WritePT(&fullDisk{room}, "x.pt", s); !errors.Is(err, errFull) {
			t.Errorf("room %d: %v", room, err)
		}
		if err := WriteSafetensors(&fullDisk{room}, s, nil); !errors.Is(err, errFull) {
			t.Errorf("room %d: %v", room, err)
		}
	}
}
