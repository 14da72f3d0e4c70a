//go:build linux

package main

import (
	"bytes"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// A set that is larger than what is kept in memory takes no more of it than a small one. CGAN_MEMORY_IMAGES is how many images of
// 64x64 RGB; make memory has 100,000, which would be 1.2 GB.
func TestManyImagesTakeLittleMemory(t *testing.T) {
	many, err := strconv.Atoi(os.Getenv("CGAN_MEMORY_IMAGES"))
	if err != nil {
		t.Skip("CGAN_MEMORY_IMAGES is not a number of images: make memory has 100,000")
	}
	set := writeManyImages(t, many)
	few, decoding, reading := trainOn(t, writeManyImages(t, 1000)), trainOn(t, set), trainOn(t, set)
	const bound = 500 // MB
	t.Logf("peak memory: 1000 images %.0f MB, %d images %.0f MB while they are decoded, %.0f MB out of the cache", few, many, decoding, reading)
	if decoding > few+bound || reading > few+bound {
		t.Errorf("more than %d MB above that of few images", bound)
	}
}

// However many images are drawn, in each format of sets they take the memory of few.
func TestManyImagesAreDrawnInLittleMemory(t *testing.T) {
	many, err := strconv.Atoi(os.Getenv("CGAN_MEMORY_IMAGES"))
	if err != nil {
		t.Skip("CGAN_MEMORY_IMAGES is not a number of images: make memory has 100,000")
	}
	out := t.TempDir() // a child's peak counts from what this process has, which is to stay small
	asCgan(t, "train", "--quiet", "--data", writeSet(t, 10, nil), "--out", out, "--device", "cpu", "--steps", "1", "--batch", "4", "--nz", "5", "--ngf", "4", "--ndf", "4")
	run := filepath.Join(out, "00000-"+setName(t, out))
	for _, c := range []struct {
		format string
		joins  bool // a folder that is there
	}{{"raw", false}, {"npz", false}, {"idx", false}, {"folder", false}, {"folder", true}} {
		few, all := drawMany(t, run, c.format, c.joins, 1000), drawMany(t, run, c.format, c.joins, many)
		t.Logf("%+v, peak memory: 1000 images %.0f MB, %d images %.0f MB", c, few, many, all)
		if all > few+drawnBound {
			t.Errorf("%+v: more than %d MB above that of few images", c, drawnBound)
		}
	}
}

const drawnBound = 24 // MB

// drawMany draws so many images of two classes, and gives the peak memory of its process in MB.
func drawMany(t *testing.T, run, format string, joins bool, n int) float64 {
	t.Helper()
	out := filepath.Join(t.TempDir(), "drawn")
	if joins {
		if err := os.Mkdir(out, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return asCgan(t, "generate", "--device", "cpu", "--weights", run, "--class", "3,5", "--count", strconv.Itoa(n/2),
		"--format", format, "--out", out)
}

// asCgan runs cgan in a process of its own, and gives its peak memory in MB.
func asCgan(t *testing.T, args ...string) float64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asMain+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
}

// trainOn trains small networks some steps on a set, and gives the peak memory of its process in MB.
func trainOn(t *testing.T, set string) float64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "train", "--quiet", "--device", "cpu", "--threads", "1", "--data", set, "--size", "64",
		"--out", t.TempDir(), "--batch", "64", "--steps", "30", "--ngf", "4", "--ndf", "4")
	cmd.Env = append(os.Environ(), asMain+"=1", "XDG_CACHE_HOME="+filepath.Join(set, "..", "cache"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
}

// writeManyImages makes two class folders of PNGs, a small patch of noise on each.
func writeManyImages(t *testing.T, n int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "images")
	random := rand.New(rand.NewPCG(1, 2))
	m := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	for _, class := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		for k := range 64 {
			m.Pix[4*k] = byte(random.Uint32())
		}
		var b bytes.Buffer
		if err := encoder.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, []string{"a", "b"}[i%2], strconv.Itoa(i)+".png")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
