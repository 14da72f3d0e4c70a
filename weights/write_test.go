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

func TestWriteSafetensors(t *testing.T) {
	s := StateDict{entry("a \"é\"<", U8, 3), entry("b", F64, 2), entry("c", BF16), entry("d", F32, 0, 2), entry("e", U64, 1)}
	s[1].Data[0] = 7
	var first, second bytes.Buffer
	meta := map[string]string{"z": "1", "a": "2", "format": "pt"}
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := WriteSafetensors(out, s, meta); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("equal values give different bytes")
	}
	got, metadata, err := ReadSafetensors(bytes.NewReader(first.Bytes()), int64(first.Len()))
	if err != nil || dump(got) != dump(s) || len(metadata) != 3 || metadata["z"] != "1" {
		t.Errorf("%v, %v\ngot  %s\nwant %s", metadata, err, dump(got), dump(s))
	}
	if n := le.Uint64(first.Bytes()); n%8 != 0 {
		t.Errorf("the header has %d bytes, which leaves the payload unaligned", n)
	}
}

func TestWriteSafetensorsRefuses(t *testing.T) {
	for want, s := range map[string]StateDict{
		`tensor "a": the key occurs twice`:    {entry("a", F32), entry("a", F32)},
		"complex128 has no place":             {entry("a", C128)},
		`tensor "__metadata__"`:               {entry(metadataName, F32)},
		"is not UTF-8":                        {entry("\xff", F32)},
		`tensor "a": float32 of shape [2] ne`: {{"a", Tensor{F32, []int64{2}, nil}}},
	} {
		var out bytes.Buffer
		if err := WriteSafetensors(&out, s, nil); err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 {
			t.Errorf("%v does not say %q, %d bytes", err, want, out.Len())
		}
	}
}

func TestDict(t *testing.T) {
	d := &Dict{}
	if _, known := d.Get("x"); known || d.Len() != 0 {
		t.Error("the zero Dict is not empty")
	}
	d.Set("x", 1)
	d.SetInt(7, 2)
	d.Set("x", 3)
	if v, known := d.Get("x"); !known || v != 3 || d.Len() != 2 {
		t.Errorf("%v, %d items", v, d.Len())
	}
	if v, known := d.GetInt(7); !known || v != 2 {
		t.Error(v)
	}
	for key := range d.All() {
		if key != "x" {
			t.Error(key)
		}
		break
	}
	s := fitting()
	if w, known := s.Get("layer1.0.bias"); !known || w.DType != BF16 {
		t.Error(w)
	}
	if _, known := s.Get("none"); known {
		t.Error("found what is not there")
	}
}
