package weights_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
	"cgan/weights/pt"
)

// Conversion rounds as torch does, for every half and for floats around every brain float.
func TestConvertAsTorch(t *testing.T) {
	const script = `
import sys, torch
f = torch.load(sys.argv[1], weights_only=True)
for to in (torch.float16, torch.bfloat16):
    want = f["float32"].to(to)
    got = f[str(to)[6:]]
    same = (got.view(torch.int16) == want.view(torch.int16)) | (got.isnan() & want.isnan())
    back = f[str(to)[6:] + "back"]
    again = (back == got.float()) | (back.isnan() & got.isnan())
    print(to, got.numel(), int((~same).sum()), int((~again).sum()))`
	v := weightstest.Dict()
	var values []float32
	for i := range 1 << 16 {
		for _, low := range []uint32{0, 1, 0x1000, 0x7fff, 0x8000, 0x8001, 0xffff} {
			values = append(values, math.Float32frombits(uint32(i)<<16|low))
		}
	}
	all, err := weights.FromFloat32s(values, int64(len(values)))
	if err != nil {
		t.Fatal(err)
	}
	v.Set("float32", all)
	for _, to := range []weights.DType{weights.F16, weights.BF16} {
		c, err := all.Convert(to)
		if err != nil {
			t.Fatal(err)
		}
		back, err := c.Convert(weights.F32)
		if err != nil {
			t.Fatal(err)
		}
		v.Set(to.String(), c)
		v.Set(to.String()+"back", back)
	}
	var file bytes.Buffer
	if err := pt.Write(&file, "c.pt", v, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "c.pt")
	if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, python := range weightstest.Pythons(t) {
		out, err := exec.Command(python, "-W", "ignore", "-c", script, path).Output()
		want := fmt.Sprintf("torch.float16 %d 0 0\ntorch.bfloat16 %d 0 0\n", len(values), len(values))
		if err != nil || string(out) != want {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
