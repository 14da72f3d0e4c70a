package main

import (
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"image/png"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models"
	"cgan/models/imageset"
	"cgan/models/judge"
	"cgan/models/picture"
	"cgan/models/serve"
	"cgan/train/dataset"
	"cgan/weights/npz"

	"github.com/kettek/apng"
)

// levels are the bytes of a gray picture.
func levels(t *testing.T, content []byte) (pix []byte, width int) {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	gray, ok := m.(*image.Gray)
	if !ok || gray.Stride != gray.Rect.Dx() {
		t.Fatalf("a %T", m)
	}
	return gray.Pix, gray.Rect.Dx()
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// generate draws with seed 3 and gives what was written.
func generate(t *testing.T, weights, out string, flags ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), out)
	mustInvoke(t, append([]string{"generate", "--device", "cpu", "--weights", weights, "--seed", "3", "--out", path}, flags...)...)
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return []byte(path)
	}
	return readFile(t, path)
}

// A picture is known by its weights, seed, row and class: in each format, of any count, in any order, it has the same pixels.
func TestTheSameSeedIsTheSamePictureInEveryForm(t *testing.T) {
	run := smallRun(t)
	folder := string(generate(t, run, "set", "--format", "folder", "--class", "7,2", "--count", "131"))
	of := func(class, row int) []byte {
		pix, _ := levels(t, readFile(t, filepath.Join(folder, fmt.Sprint(class), fmt.Sprintf("seed-3-row-%d.png", row))))
		return pix
	}
	raw := generate(t, run, "x.raw", "--class", "2,7", "--count", "3")
	if len(raw) != 6*784 {
		t.Fatalf("%d bytes", len(raw))
	}
	arrays, err := npz.Read(generate(t, run, "x.npz", "--class", "2", "--count", "40"))
	if err != nil {
		t.Fatal(err)
	}
	values, err := arrays[0].Float32s()
	if err != nil {
		t.Fatal(err)
	}
	idx := string(generate(t, run, "idx", "--format", "idx", "--class", "0-9", "--count", "2"))
	images, labels := readFile(t, filepath.Join(idx, "train-images-idx3-ubyte"))[16:], readFile(t, filepath.Join(idx, "train-labels-idx1-ubyte"))[8:]
	grid, width := levels(t, generate(t, run, "x.png", "--class", "2,7", "--count", "2"))
	for row := range 2 {
		two, seven := of(2, row), of(7, row)
		if !bytes.Equal(raw[2*row*784:][:784], two) || !bytes.Equal(raw[(2*row+1)*784:][:784], seven) {
			t.Errorf("raw has another row %d", row)
		}
		for i, v := range values[row*784:][:784] {
			if picture.Level(v) != two[i] {
				t.Fatalf("npz has another row %d", row)
			}
		}
		if !bytes.Equal(images[(10*row+7)*784:][:784], seven) || labels[10*row+7] != 7 {
			t.Errorf("idx has another row %d", row)
		}
		for y := range 28 {
			if at := (row*30+2+y)*width + 32; !bytes.Equal(grid[at:][:28], seven[y*28:][:28]) {
				t.Fatalf("the grid has another row %d", row)
			}
		}
	}
	seeds := generate(t, run, "x.raw", "--class", "7", "--seed", "3", "--count", "1")
	for _, list := range []string{"3", "9,3", "0-3", "-5,3"} {
		path := filepath.Join(t.TempDir(), "x.raw")
		mustInvoke(t, "generate", "--device", "cpu", "--weights", run, "--class", "7", "--seeds="+list, "--out", path)
		if all := readFile(t, path); !bytes.Equal(all[len(all)-784:], seeds) || !bytes.Equal(seeds, of(7, 0)) {
			t.Errorf("--seeds %s draws another picture of seed 3", list)
		}
	}
}

// get asks the server of one model, m.
func get(t *testing.T, weights, query string) []byte {
	t.Helper()
	w, err := models.Open(weights, "")
	if err != nil {
		t.Fatal(err)
	}
	h, err := serve.NewHandler(serve.Default(), serve.Model{Name: "m", Weights: w, Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest("GET", "http://localhost/v1/models/m/"+query, nil))
	if answer.Code != 200 {
		t.Fatalf("%s: %s", query, answer.Body)
	}
	return answer.Body.Bytes()
}

// What the server answers is what generate writes, to the byte: the article's network and one of other layers.
func TestGenerateHasTheServersBytes(t *testing.T) {
	f := writeForeign(t, mlpArch, "")
	exported := filepath.Join(t.TempDir(), "g.pt")
	mustInvoke(t, "export", f.weights, "--arch", f.arch, "--out", exported)
	for _, weights := range []string{smallRun(t), exported} {
		for query, flags := range map[string][]string{
			"images?class=3,5&seed=3&count=9":                               {"x.png", "--class", "3,5", "--count", "9"},
			"images?class=4&seed=3&count=11&scale=2":                        {"x.png", "--class", "4", "--count", "11", "--scale", "2"},
			"images?class=3,5&seed=3&count=9&format=gif":                    {"x.gif", "--class", "3,5", "--count", "9"},
			"images?class=3&seed=3&count=4&format=gif&scale=3":              {"x.gif", "--class", "3", "--count", "4", "--scale", "3"},
			"images?class=3,5&seed=3&count=70&format=npz":                   {"x.npz", "--class", "3,5", "--count", "70"},
			"images?class=3,5&seed=3&count=2&precision=bf16":                {"x.png", "--class", "3,5", "--count", "2", "--precision", "bf16"},
			"interpolation?from=3&to=8&seed=3&steps=9&format=gif":           {"x.gif", "--interpolate", "3:8", "--frames", "9"},
			"interpolation?from=3&to=3&seed=3&to_seed=4&steps=9&format=gif": {"x.gif", "--interpolate", "3", "--frames", "9"},
			"interpolation?from=3&to=8&seed=3&steps=12&format=png&scale=2":  {"x.png", "--interpolate", "3:8", "--frames", "12", "--scale", "2"},
		} {
			if !bytes.Equal(get(t, weights, query), generate(t, weights, flags[0], flags[1:]...)) {
				t.Errorf("%s: %s has other bytes than %v", filepath.Base(weights), query, flags)
			}
		}
	}
}

// What idx and folder write is a data set, whose classes are those that were drawn.
func TestDrawnSetsAreDataSets(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	run := smallRun(t)
	want, _ := levels(t, generate(t, run, "x.png", "--class", "8"))
	for _, format := range []string{"idx", "folder"} {
		path := string(generate(t, run, "set", "--format", format, "--class", "5,8", "--count", "6"))
		set, err := dataset.Open(t.Context(), path, dataset.Options{Fit: "crop", Background: "black"}, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		pixels, eights := make([]byte, 784), 0
		for i, label := range set.Labels {
			if err := set.Images.Read(i, pixels); err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(pixels, want) && set.Classes[label] == "8" {
				eights++
			}
		}
		set.Close()
		if set.Images.N != 12 || !slices.Equal(set.Classes, []string{"5", "8"}) || eights != 1 {
			t.Errorf("%s: %d images of %v, %d are that of row 0", format, set.Images.N, set.Classes, eights)
		}
		mustInvoke(t, "train", "--quiet", "--data", path, "--out", t.TempDir(), "--device", "cpu", "--steps", "1", "--batch", "4", "--nz", "5", "--ngf", "4", "--ndf", "4")
	}
}

// Generators of colours, of other sizes and without classes have all forms.
func TestOtherImagesHaveAllForms(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	out := t.TempDir()
	mustInvoke(t, "train", "--data", writeClassFolders(t, 40, "shoe", "hat, cap"), "--size", "32", "--out", out, "--device", "cpu",
		"--steps", "3", "--batch", "4", "--nz", "5", "--ngf", "4", "--ndf", "4")
	f := writeForeign(t, plainArch, "")
	for name, weights := range map[string][]string{"colours": {filepath.Join(out, "00000-"+setName(t, out))}, "without classes": {f.weights, "--arch", f.arch}} {
		for file, size := range map[string]int{"x.png": 0, "x.gif": 0, "x.apng": 0, "x.npz": 0, "x.raw": 1, "folder": 0, "idx": 0} {
			flags := append(weights[1:len(weights):len(weights)], "--count", "5")
			if size == 0 && !strings.Contains(file, ".") {
				flags = append(flags, "--format", file)
			}
			got := generate(t, weights[0], file, flags...)
			if want := 10 * 32 * 32 * 3; name == "colours" && size == 1 && len(got) != want {
				t.Errorf("%s: raw has %d bytes, want %d", name, len(got), want)
			}
			if name == "colours" && (file == "folder" || file == "idx") {
				set, err := dataset.Open(t.Context(), string(got), dataset.Options{Fit: "crop", Background: "black"}, func(string) {})
				if err != nil {
					t.Fatal(err)
				}
				if set.Images.N != 10 || set.Images.Channels != 3 || set.Images.Height != 32 {
					t.Errorf("%s: %d images of %d channels", file, set.Images.N, set.Images.Channels)
				}
				set.Close()
			}
		}
		walk := map[string]string{"colours": "shoe:hat, cap", "without classes": "noise"}[name]
		generate(t, weights[0], "walk.gif", append(weights[1:len(weights):len(weights)], "--interpolate", walk, "--frames", "3", "--count", "2")...)
	}
}

// An animated PNG begins as the picture of the first class, and comes back to it.
func TestInterpolation(t *testing.T) {
	run := smallRun(t)
	content := generate(t, run, "x.apng", "--interpolate", "3:8:1", "--frames", "5")
	all, err := apng.DecodeAll(bytes.NewReader(content))
	if err != nil || len(all.Frames) != 8 || all.LoopCount != 0 {
		t.Fatal(len(all.Frames), err)
	}
	for at, class := range map[int]string{0: "3", 2: "8", 4: "1", 6: "8"} {
		want, _ := levels(t, generate(t, run, "x.png", "--class", class))
		for i := range want {
			if r, _, _, _ := all.Frames[at].Image.At(i%28, i/28).RGBA(); byte(r>>8) != want[i] {
				t.Fatalf("frame %d is not class %s", at, class)
			}
		}
	}
	first, _ := levels(t, content)
	if want, _ := levels(t, generate(t, run, "x.png", "--class", "3")); !bytes.Equal(first, want) {
		t.Error("what knows PNG alone sees another picture")
	}
	rows, width := levels(t, generate(t, run, "x.png", "--interpolate", "3:8", "--frames", "4", "--count", "2"))
	eights := generate(t, run, "x.raw", "--class", "8", "--count", "2")
	for y := range 28 { // the second row ends with the second noise as an 8
		if at := (32+y)*width + 3*30 + 2; width != 4*30+2 || !bytes.Equal(rows[at:][:28], eights[784+y*28:][:28]) {
			t.Fatalf("line %d of the last frame is no 8", y)
		}
	}
	path := filepath.Join(t.TempDir(), "x.gif")
	mustInvoke(t, "generate", "--weights", run, "--device", "cpu", "--interpolate", "3", "--seeds", "4,2,4", "--frames", "3", "--out", path) // there and back
	mustInvoke(t, "generate", "--weights", run, "--device", "cpu", "--interpolate", "3", "--seeds", "4,2,9", "--count", "3", "--frames", "7", "--out", path)
	moving, err := gif.DecodeAll(bytes.NewReader(readFile(t, path)))
	if err != nil || len(moving.Image) != 12 || moving.Config.Width != 3*30+2 || moving.Config.Height != 32 {
		t.Errorf("%d frames of %dx%d, %v", len(moving.Image), moving.Config.Width, moving.Config.Height, err)
	}
}

// A text has the pictures of its classes side by side, each time of a digit another one, and signs between.
func TestText(t *testing.T) {
	run := smallRun(t)
	text, width := levels(t, generate(t, run, "x.png", "--text", "70-7"))
	if width != 4*28 || len(text) != 4*784 {
		t.Fatalf("%d pixels wide, %d in all", width, len(text))
	}
	sevens, zeros := generate(t, run, "x.raw", "--class", "7", "--count", "2"), generate(t, run, "x.raw", "--class", "0")
	dash, err := picture.Glyph('-', 1, 28, 28)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range [][]byte{sevens[:784], zeros, nil, sevens[784:]} {
		ink := 0
		for y := range 28 {
			for x := range 28 {
				got := text[y*width+at*28+x]
				if want == nil {
					ink += int(got)
					if got != picture.Level(dash[y*28+x]) {
						t.Fatal("the dash is another one")
					}
				} else if got != want[y*28+x] {
					t.Fatalf("character %d is another picture", at)
				}
			}
		}
		if want == nil && (ink < 255*5 || ink > 255*60) {
			t.Errorf("the dash has %d pixels", ink/255)
		}
	}
	if _, width := levels(t, generate(t, run, "x.png", "--text", "12", "--count", "3")); width != 56 {
		t.Errorf("%d pixels wide", width)
	}
}

// A GIF has the scale that was asked for, as the other pictures have.
func TestAGIFHasItsScale(t *testing.T) {
	moving, err := gif.DecodeAll(bytes.NewReader(generate(t, smallRun(t), "x.gif", "--class", "3", "--scale", "32")))
	if err != nil || moving.Config.Width != 28*32 || moving.Config.Height != 28*32 {
		t.Errorf("%dx%d, %v", moving.Config.Width, moving.Config.Height, err)
	}
}

// writeJudge writes a judge that knows nothing: each class is about as likely to it.
func writeJudge(t *testing.T, classes ...string) string {
	t.Helper()
	var file bytes.Buffer
	torchtest.Do(t, func() {
		torch.ManualSeed(7)
		j := judge.New(1, int64(len(classes)))
		defer j.Free()
		j.Eval()
		if err := j.Write(&file, judge.About{Classes: classes, Accuracy: 0.125, Tested: 1000, Size: 28}); err != nil {
			t.Fatal(err)
		}
	})
	return writeFile(t, filepath.Join(t.TempDir(), "judge.pt"), file.Bytes())
}

// What the judge is not sure of is replaced by later rows, counted, and the rest are the pictures that they are without a filter.
func TestFilter(t *testing.T) {
	run, judgeFile := smallRun(t), writeJudge(t, models.NumberedClasses(10)...)
	all, err := npz.Read(generate(t, run, "x.npz", "--class", "6", "--count", "400"))
	if err != nil {
		t.Fatal(err)
	}
	values, err := all[0].Float32s()
	if err != nil {
		t.Fatal(err)
	}
	j, _, err := judge.Open(judgeFile)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Free()
	sure, err := j.Sure(models.Images{Pixels: values, N: 400, Channels: 1, Height: 28, Width: 28}, slices.Repeat([]int64{6}, 400))
	if err != nil {
		t.Fatal(err)
	}
	sorted := slices.Sorted(slices.Values(sure))
	bound := (sorted[100] + sorted[101]) / 2 // a quarter is below
	var rows []int64
	for i, s := range sure {
		if s >= bound {
			rows = append(rows, int64(i))
		}
	}
	path := filepath.Join(t.TempDir(), "x.npz")
	text := mustInvoke(t, "generate", "--device", "cpu", "--weights", run, "--class", "6", "--count", "200", "--seed", "3", "--filter", fmt.Sprint(bound), "--judge", judgeFile, "--out", path)
	kept, err := npz.Read(readFile(t, path))
	if err != nil {
		t.Fatal(err)
	}
	got, err := kept[3].Int64s()
	if err != nil || !slices.Equal(got, rows[:200]) {
		t.Errorf("rows %v are kept, want %v", got, rows[:200])
	}
	images, err := kept[0].Float32s()
	for i, row := range rows[:200] {
		if err != nil || !slices.Equal(images[i*784:][:784], values[row*784:][:784]) {
			t.Fatalf("row %d is another picture, %v", row, err)
		}
	}
	if thrown := int(rows[199]) + 1 - 200; !strings.Contains(text, fmt.Sprintf("drew 200 images into %s\nthrew away %d of %d that were drawn: the judge, which reads 12.50 %% of 1000 test images right", path, thrown, thrown+200)) {
		t.Errorf("it says %q", text)
	}
	code, _, stderr := invoke("generate", "--device", "cpu", "--weights", run, "--class", "6", "--filter", "1", "--judge", judgeFile, "--out", path)
	if code != exitFailure || !strings.Contains(stderr, "--filter 1: of the last images of class 6 not one was read as that") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if code, _, stderr := invoke("generate", "--weights", generateExport(t, run), "--filter", "0.5", "--out", path+".npz"); code != exitUsage || !strings.Contains(stderr, "does not say what it was trained on: name the data by --data") {
		t.Errorf("a file of unknown data: code %d, %s", code, stderr)
	}
	for want, file := range map[string]string{"the generator knows 10 classes, and the judge 2": writeJudge(t, "a", "b"), "w.pt: it is no judge": generateExport(t, run)} {
		if code, _, stderr := invoke("generate", "--weights", run, "--filter", "0.5", "--judge", file, "--out", path); code == exitOK || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, %s", code, stderr)
		}
	}
}

// A judge's classes are found by name: it may have them in another order, but not others.
func TestAJudgeKnowsTheClassesByName(t *testing.T) {
	var j *judge.Judge
	torchtest.Do(t, func() { j = judge.New(1, 3) })
	defer j.Free()
	d := drawing{sizes: models.Default()}
	for _, c := range []struct {
		names, judges models.Classes
		want          []int64
	}{
		{models.Classes{"hat", "shoe", "cap"}, models.Classes{"shoe", "cap", "hat"}, []int64{2, 0, 1}},
		{models.NumberedClasses(3), models.Classes{"shoe", "cap", "hat"}, []int64{0, 1, 2}}, // a file that has no names
		{models.Classes{"hat", "shoe", "cap"}, models.NumberedClasses(3), nil},
	} {
		d.names = c.names
		places, err := d.fitsJudge(j, judge.About{Classes: c.judges, Size: 28})
		if !slices.Equal(places, c.want) || (err == nil) != (c.want != nil) {
			t.Errorf("%v, judge of %v: %v, %v", c.names, c.judges, places, err)
		}
	}
	d.sizes.Channels = 3
	if _, err := d.fitsJudge(j, judge.About{Classes: d.names, Size: 28}); err == nil || !strings.Contains(err.Error(), "the generator draws images of 3 channels and 28 pixels, and the judge reads 1 and 28") {
		t.Errorf("got %v", err)
	}
}

func generateExport(t *testing.T, run string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "w.pt")
	mustInvoke(t, "export", run, "--out", path)
	return path
}

// The bytes of a file go into a pipe, and what is said goes elsewhere.
func TestPipe(t *testing.T) {
	run := smallRun(t)
	for _, format := range []string{"png", "gif", "apng", "npz", "raw"} {
		code, stdout, stderr := invoke("generate", "--device", "cpu", "--weights", run, "--seed", "3", "--count", "2", "--out", "-", "--format", format)
		if code != exitOK || !strings.HasPrefix(stderr, "drew 20 images into -\n") || stdout != string(generate(t, run, "x."+format, "--count", "2")) {
			t.Errorf("%s: exit code %d, %d bytes, %s", format, code, len(stdout), stderr)
		}
	}
}

// An interrupt leaves what was there, and nothing half-written.
func TestInterruptedDrawing(t *testing.T) {
	run := smallRun(t)
	for _, out := range []string{"x.npz", "x.raw", "new", "old", "idx"} {
		dir := t.TempDir()
		flags := []string{"generate", "--device", "cpu", "--weights", run, "--count", "1000000", "--out", filepath.Join(dir, out)}
		var want []string
		switch out {
		case "new", "old":
			flags = append(flags, "--format", "folder")
		case "idx":
			flags = append(flags, "--format", "idx")
		}
		if out == "old" || out == "x.raw" {
			want = []string{out}
		}
		if out == "old" {
			if err := os.Mkdir(filepath.Join(dir, out), 0o755); err != nil {
				t.Fatal(err)
			}
		} else if out == "x.raw" {
			writeFile(t, filepath.Join(dir, out), []byte("before"))
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], flags...)
		cmd.Env = append(os.Environ(), asMain+"=1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for range 1000 { // until it writes
			if len(allIn(t, dir)) > len(want) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 130 || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%s: exit code %d, %s", out, code, stderr.String())
		}
		if got := allIn(t, dir); !slices.Equal(got, want) {
			t.Errorf("%s: %v stays", out, got)
		}
		if out == "x.raw" && string(readFile(t, filepath.Join(dir, out))) != "before" {
			t.Error("the file of before is gone")
		}
	}
}

// allIn is all that is in a folder and its folders.
func allIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if path != dir && err == nil {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return nil // what goes meanwhile is no fault
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// Adding to a folder keeps what it holds, and the same images are not added twice.
func TestAddingToAFolder(t *testing.T) {
	run, dir := smallRun(t), t.TempDir()
	add := func(flags ...string) (int, string) {
		code, _, stderr := invoke(append([]string{"generate", "--device", "cpu", "--weights", run, "--class", "4", "--format", "folder", "--out", dir}, flags...)...)
		return code, stderr
	}
	for _, seed := range []string{"1", "2"} {
		if code, stderr := add("--count", "3", "--seed", seed); code != exitOK {
			t.Fatal(stderr)
		}
	}
	before := allIn(t, dir)
	if code, stderr := add("--count", "5", "--seed", "2"); code != exitFailure || !strings.Contains(stderr, dir+"/4/seed") || !strings.Contains(stderr, "seed-2-row-0.png exists already: other images come of another --seed") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	if after := allIn(t, dir); len(before) != 7 || !slices.Equal(after, before) {
		t.Errorf("%v, then %v", before, after)
	}
}

// Folders are called as the classes are, and it is said where that can't be.
func TestFoldersAreCalledAsTheirClasses(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, out := writeClassFolders(t, 28, "a", "b", "c"), t.TempDir()
	var table strings.Builder
	for folder, label := range map[string]string{"a": "hat/cap", "b": "3:4", "c": "Y."} {
		for _, name := range []string{"a", "b", "c", "d"} {
			fmt.Fprintf(&table, "%s/%s.png,%s\n", folder, name, label)
		}
	}
	set := writeFile(t, filepath.Join(dir, "set.csv"), []byte("file,label\n"+table.String()))
	mustInvoke(t, "train", "--data", set, "--out", out, "--device", "cpu", "--steps", "1", "--batch", "4", "--nz", "5", "--ngf", "4", "--ndf", "4")
	run, drawn := filepath.Join(out, "00000-"+setName(t, out)), filepath.Join(t.TempDir(), "drawn")
	code, _, stderr := invoke("generate", "--device", "cpu", "--weights", run, "--format", "folder", "--out", drawn)
	if want := "note: --out " + drawn + `: not every class's name can be a folder's: "hat/cap" is in hat-cap` + "\n"; code != exitOK || stderr != want {
		t.Errorf("exit code %d, %q, want %q", code, stderr, want)
	}
	if got := allIn(t, drawn); len(got) != 6 || got[0] != "3:4" || got[2] != "Y." || got[4] != "hat-cap" {
		t.Errorf("there are %v", got)
	}
	if code, _, stderr := invoke("generate", "--device", "cpu", "--weights", run, "--class", "3:4", "--seed", "1", "--format", "folder", "--out", drawn); code != exitOK || stderr != "" {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// What goes wrong when the images get their place is said of --out.
func TestErrorsOfTheFolderNameOut(t *testing.T) {
	above := t.TempDir()
	for name, c := range map[string]struct {
		meanwhile func(out string) error
		want      string
	}{
		"file": {func(out string) error { return os.WriteFile(out, nil, 0o666) }, "is a file: name a folder"},
		"gone": {func(string) error { return os.RemoveAll(above) }, "no such file or directory"},
	} {
		if err := os.MkdirAll(above, 0o777); err != nil {
			t.Fatal(err)
		}
		d := drawing{out: filepath.Join(above, name), n: 1, sizes: models.Default(), names: models.NumberedClasses(10)}
		err := d.writeFolder(imageset.NewFolder, func(set imageset.Writer) error {
			if err := set.Add(imageset.Image{Pixels: make([]float32, 784)}); err != nil {
				return err
			}
			return c.meanwhile(d.out)
		})
		if err == nil || !strings.HasPrefix(err.Error(), "--out "+d.out+": ") || !strings.HasSuffix(err.Error(), c.want) || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A file's networks may draw images that only a small --scale leaves room for.
func TestAFolderOfVeryLargePicturesIsRefused(t *testing.T) {
	d := drawing{format: "folder", scale: 16, grid: picture.Grid{Rows: 1, Columns: 1, Height: 1024, Width: 1024}}
	if err := d.fits(); err != nil {
		t.Error(err)
	}
	d.scale = 17
	if err := d.fits(); err == nil || err.Error() != "--scale 17: a picture of more than 268435456 pixels is too large: make it smaller" {
		t.Errorf("got %v", err)
	}
}

// A set in IDX files has the same names whatever it holds, so that only another folder takes a second one.
func TestASecondIDXSetNeedsAnotherFolder(t *testing.T) {
	run := smallRun(t)
	dir := string(generate(t, run, "set", "--format", "idx"))
	code, _, stderr := invoke("generate", "--device", "cpu", "--weights", run, "--format", "idx", "--out", dir)
	if want := "cgan: " + dir + "/train-images-idx3-ubyte exists already: name another folder by --out\n"; code != exitFailure || stderr != want {
		t.Errorf("exit code %d, %q, want %q", code, stderr, want)
	}
}

func TestBadDrawingsEndInOneLine(t *testing.T) {
	run, out := smallRun(t), t.TempDir()
	t.Chdir(out)
	for _, c := range []struct {
		want  string
		flags []string
	}{
		{"--count is 1000001: it must be from 1 to 1000000", []string{"--count", "1000001"}},
		{`--format is "jpeg": it must be png, gif, apng, folder, npz, idx or raw`, []string{"--format", "jpeg"}},
		{"--out a.gif: its ending says gif, --format says npz", []string{"--out", "a.gif", "--format", "npz"}},
		{"--out -: --format folder is a folder, which can't go into a pipe", []string{"--out", "-", "--format", "folder"}},
		{`--seeds 1,,2: "" is no seed`, []string{"--seeds", "1,,2"}},
		{`--seeds 6-4: "6-4" is no seed, nor a range that goes up`, []string{"--seeds", "6-4"}},
		{"--seeds 0-1000000: these are more than 1000000", []string{"--seeds", "0-1000000"}},
		{"--seeds leaves no room for --seed", []string{"--seeds", "1", "--seed", "2"}},
		{"--text leaves no room for --class", []string{"--text", "12", "--class", "2"}},
		{`--text 1A: "A" is none of the classes: there are 0 to 9`, []string{"--text", "1A"}},
		{"--text --: nothing in it is a class", []string{"--text=--"}},
		{"--text has 0 characters", []string{"--text", ""}},
		{"--format gif: --text is one picture", []string{"--text", "12", "--format", "gif"}},
		{`--interpolate 3:x: "x" is none of the classes`, []string{"--interpolate", "3:x"}},
		{`--interpolate 3:: "" is not one class`, []string{"--interpolate", "3:"}},
		{`--interpolate 0-3:5: "0-3" is not one class`, []string{"--interpolate", "0-3:5"}},
		{"there are 3 classes and 2 seeds", []string{"--interpolate", "1:2:3", "--seeds", "1,2"}},
		{"--format folder: --interpolate makes png, gif or apng", []string{"--interpolate", "1:2", "--format", "folder"}},
		{"--frames is 1: it must be from 2 to 1000", []string{"--interpolate", "1:2", "--frames", "1"}},
		{"--frames is for --interpolate", []string{"--frames", "9"}},
		{"--frames is 2: --interpolate 0:1:2:3 comes through 4 stops", []string{"--interpolate", "0:1:2:3", "--frames", "2"}},
		{"--frames is 2: --interpolate 3 comes through 3 stops", []string{"--interpolate", "3", "--seeds", "1,2,3", "--frames", "2"}},
		{"--judge is for --filter", []string{"--judge", "x.pt"}},
		{"--filter is 0: it must be above 0, and at most 1", []string{"--filter", "0"}},
		{"--filter is NaN", []string{"--filter", "NaN"}},
		{"--judge leaves no room for --data", []string{"--filter", "0.5", "--judge", "x.pt", "--data", "mnist"}},
		{"x.pt: there is no such file", []string{"--filter", "0.5", "--judge", "x.pt"}},
		{"--grid: --format raw has no rows", []string{"--grid", "3", "--format", "raw"}},
		{"--grid is 0: it must be from 1", []string{"--grid", "0"}},
		{"--scale: --format idx has the pixels as they are drawn", []string{"--scale", "3", "--format", "idx"}},
		{"--scale is 33: it must be from 1 to 32", []string{"--scale", "33"}},
		{"a picture of more than 268435456 pixels is too large", []string{"--count", "1000000"}},
		{"a picture of more than 268435456 pixels is too large", []string{"--interpolate", "1:2", "--frames", "1000", "--count", "400"}},
		{"--scale 32: pictures of a GIF would have 96064 pixels a side, and at most 65535 are possible: take --scale 21, or apng", []string{"--grid", "100", "--count", "10", "--scale", "32", "--format", "gif"}},
		{"--format gif: its pictures would have 90002 pixels a side, and at most 65535 are possible: take another --grid or less by --count, or apng", []string{"--grid", "3000", "--count", "300", "--format", "gif"}},
		{"--class names 3 twice: name it once, and ask for more of it by --count", []string{"--class", "3,3,5", "--count", "2"}},
		{"--class names 7 twice", []string{"--class", "0-9,7", "--format", "npz"}},
		{"--seeds names 3 twice: name it once, and ask for more of it by --count", []string{"--seeds", "3,1-4", "--format", "folder"}},
		{"--seeds names -3 twice", []string{"--seeds=-3,4,-3", "--text", "33"}},
		{"none/x.png: the folder none: no such file", []string{"--out", "none/x.png"}},
		{"--out none/x: the folder none: no such file", []string{"--out", "none/x", "--format", "idx"}},
		{"is a file: name a folder", []string{"--out", os.Args[0], "--format", "folder"}},
	} {
		code, stdout, stderr := invoke(append([]string{"generate", "--weights", run}, c.flags...)...)
		if code == exitOK || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %q, %q, want %q", c.flags, code, stdout, stderr, c.want)
		}
	}
	if left := allIn(t, out); len(left) > 0 {
		t.Errorf("%v stays", left)
	}
}
