package record

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"cgan/models/picture"
	"cgan/train/runfolder"
	"cgan/weights/atomicfile"
)

// began is when the runs of these tests began.
var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func statsOf(step int) runfolder.Stats {
	x := float64(step)
	s := runfolder.Stats{
		Epoch: 1 + step/100, Step: step, LossD: 1 + math.Sin(x/50)/2, LossG: 2 + math.Cos(x/50), DReal: 0.7 + math.Sin(x/70)/5, DFake: 0.3 + math.Cos(x/70)/5,
		ImagesPS: 1000 + x, Time: began.Add(time.Duration(step) * time.Second),
	}
	if step%7 == 0 {
		consistency := x / (x + 30)
		s.Eval = &runfolder.Eval{Count: 100, Consistency: &consistency, Frechet: 90 / x, Floor: 0.5, Precision: 0.9, Recall: 0.8, Density: 0.95, Coverage: 0.7, Diversity: 1.1}
	}
	return s
}

// folder is a run folder with settings, the statistics of steps 1 to steps, and a grid each so many.
func folder(t testing.TB, steps, gridEvery int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "00007-mnist")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := runfolder.WriteConfig(atomicfile.System(), dir, map[string]int{"batch": 64}); err != nil {
		t.Fatal(err)
	}
	train(t, dir, 1, steps, gridEvery)
	return dir
}

// train adds statistics and grids of some steps.
func train(t testing.TB, dir string, from, to, gridEvery int) {
	t.Helper()
	log, err := runfolder.OpenLog(atomicfile.System(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for step := from; step <= to; step++ {
		if err := log.Write(statsOf(step)); err != nil {
			t.Fatal(err)
		}
		if step%gridEvery == 0 {
			writeGrid(t, dir, step)
		}
	}
}

func writeGrid(t testing.TB, dir string, step int) {
	t.Helper()
	g := picture.Grid{Pixels: make([]float32, 2*3*16), Rows: 2, Columns: 3, Channels: 1, Height: 4, Width: 4}
	for i := range g.Pixels {
		g.Pixels[i] = float32(math.Sin(float64(step + i)))
	}
	if err := picture.Save(filepath.Join(dir, fmt.Sprintf("samples-%06d.png", step)), true, g); err != nil {
		t.Fatal(err)
	}
}

func mustWrite(t testing.TB, r *Record) {
	t.Helper()
	if err := r.Write("    cgan train --resume here"); err != nil {
		t.Fatal(err)
	}
}

func openImage(t *testing.T, path string) image.Image {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The figures of evaluations have panels of their own below, and the page says the last ones.
func TestFiguresAreShown(t *testing.T) {
	without, with := folder(t, 6, 5), folder(t, 30, 10)
	mustWrite(t, New(without, 0))
	mustWrite(t, New(with, 0))
	low, high := openImage(t, filepath.Join(without, CurvesName)).Bounds(), openImage(t, filepath.Join(with, CurvesName)).Bounds()
	if high.Dy() != 2*low.Dy() {
		t.Errorf("%v with figures, %v without", high, low)
	}
	page, err := os.ReadFile(filepath.Join(with, ReadmeName))
	if want := "Evaluated after step 28: 48.28 % read as asked, Frechet distance 3.2143 (real: 0.5000)"; err != nil || !strings.Contains(string(page), want) {
		t.Errorf("%v, no %q in\n%s", err, want, page)
	}
}

// Networks without classes have no share of images that are read as asked: it is left out, and is not 0.
func TestNoClassesNoConsistency(t *testing.T) {
	s := statsOf(7)
	s.Eval.Consistency = nil
	for _, v := range scalars(s) {
		if v.tag == "eval/consistency" {
			t.Error("TensorBoard gets", v)
		}
	}
	dir := folder(t, 0, 1)
	log, err := runfolder.OpenLog(atomicfile.System(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Write(s); err != nil {
		t.Fatal(err)
	}
	log.Close()
	mustWrite(t, New(dir, 0))
	page, err := os.ReadFile(filepath.Join(dir, ReadmeName))
	if err != nil || strings.Contains(string(page), "read as asked") || !strings.Contains(string(page), "Evaluated after step 7: Frechet distance 12.8571") {
		t.Errorf("%v, %s", err, page)
	}
}

// The plot has both colours of curves in each half.
func TestCurvesAreDrawn(t *testing.T) {
	dir := folder(t, 150, 50)
	mustWrite(t, New(dir, 0))
	m := openImage(t, filepath.Join(dir, CurvesName))
	b := m.Bounds()
	var count [2][2]int // by half and colour
	for y := range b.Dy() {
		for x := range b.Dx() {
			for c := range 2 {
				if color.NRGBAModel.Convert(m.At(x, y)) == series[c].color {
					count[2*y/b.Dy()][c]++
				}
			}
		}
	}
	for half, colours := range count {
		for c, n := range colours {
			if n < 200 { // a line through the width is more
				t.Errorf("half %d has %d pixels of colour %d: %v", half, n, c, count)
			}
		}
	}
}

// However long the run is, a curve has few points, each the mean of its steps; reading on gives what reading at once gives.
// Scores and losses of them may be negative, where probabilities have the edges 0 and 1.
func TestThePanelsHoldWhatTheyShow(t *testing.T) {
	scores, probabilities := curves{width: 1}, curves{width: 1}
	for step := 1; step <= 100; step++ {
		s := statsOf(step)
		s.DReal, s.DFake = 0.9, 0.1
		probabilities.add(s)
		s.LossD, s.DReal, s.DFake = -6, 5, -7
		scores.add(s)
	}
	if low, high := probabilities.edges(2); low != 0 || high != 1 {
		t.Errorf("probabilities from %v to %v", low, high)
	}
	if low, high := probabilities.edges(0); low != 0 || high <= 0 {
		t.Errorf("losses from %v to %v", low, high)
	}
	for _, column := range []int{0, 2} {
		if low, high := scores.edges(column); low > -6 || high < 0 || column == 2 && (low > -7 || high < 5) {
			t.Errorf("panel %d from %v to %v", column/2, low, high)
		}
	}
	if err := scores.draw(io.Discard); err != nil {
		t.Error(err)
	}
}

func TestCurvesAreThinnedOut(t *testing.T) {
	atOnce, inParts := folder(t, 3000, 5000), folder(t, 10, 5000)
	r, s := New(atOnce, 0), New(inParts, 0)
	mustWrite(t, r)
	for done := 10; done < 3000; done += 598 {
		mustWrite(t, s)
		train(t, inParts, done+1, done+598, 5000)
	}
	mustWrite(t, s)
	if len(r.curves.points) > maxPoints || len(r.curves.points) < maxPoints/2-1 || r.curves.width != 8 {
		t.Errorf("%d points of %d steps", len(r.curves.points), r.curves.width)
	}
	if !reflect.DeepEqual(r.curves, s.curves) {
		t.Error("read in parts the curves are others")
	}
	n, sum := 0, 0.0
	for _, p := range r.curves.points {
		n, sum = n+p.n, sum+p.sum[1]
		if mean := p.sum[1] / float64(p.n); p.low[1] > mean || p.high[1] < mean || p.n > 8 {
			t.Errorf("%+v", p)
		}
	}
	want := 0.0
	for step := range 3000 {
		want += statsOf(step + 1).LossG
	}
	if n != 3000 || math.Abs(sum-want) > 1e-6 {
		t.Errorf("%d steps whose losses sum up to %v, not %v", n, sum, want)
	}
}

func TestTheAnimationEndsWithTheLastGrid(t *testing.T) {
	dir := folder(t, 200, 1)
	r := New(dir, 0)
	mustWrite(t, r)
	file, err := os.Open(filepath.Join(dir, GIFName))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := gif.DecodeAll(file)
	if err != nil {
		t.Fatal(err)
	}
	last := len(all.Image) - 1
	if last < maxFrames/2 || last > maxFrames || all.Delay[last] != 300 || all.Delay[0] != 20 {
		t.Errorf("%d frames of %v", len(all.Image), all.Delay)
	}
	for frame, step := range map[int]int{0: 1, 1: 5, last: 200} {
		grid := openImage(t, filepath.Join(dir, fmt.Sprintf("samples-%06d.png", step)))
		for i := range all.Image[frame].Pix {
			x, y := i%all.Image[frame].Stride, i/all.Image[frame].Stride
			if color.GrayModel.Convert(all.Image[frame].At(x, y)) != grid.At(x, y) {
				t.Fatalf("frame %d is not the grid of step %d", frame, step)
			}
		}
	}
}

// Making the animation takes the room of one large grid, and later ones that of those which are new.
func TestTheAnimationTakesLittle(t *testing.T) {
	const width, height = 722, 400
	dir := t.TempDir()
	var grids []grid
	add := func() {
		path := filepath.Join(dir, fmt.Sprint(len(grids)))
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := png.Encode(file, image.NewNRGBA(image.Rect(0, 0, width, height))); err != nil {
			t.Fatal(err)
		}
		grids = append(grids, grid{len(grids), path})
	}
	for range 12 {
		add()
	}
	r := New(dir, 0)
	animate := func() (taken uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := r.animate(io.Discard, grids); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const large = 4 * width * height
	debug.FreeOSMemory()
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	most := peak(func() { animate() })
	if most > 6*large {
		t.Errorf("12 grids of %d bytes hold %d at once", large, most)
	}
	add()
	if taken := animate(); taken > 3*large {
		t.Errorf("one more grid of %d bytes takes %d", large, taken)
	}
}

// peak is how much more do holds at once than before.
func peak(do func()) (most uint64) {
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	done, ended := make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				runtime.ReadMemStats(&now)
				if now.HeapAlloc > before.HeapAlloc {
					most = max(most, now.HeapAlloc-before.HeapAlloc)
				}
			}
		}
	}()
	do()
	close(done)
	<-ended
	return most
}

// However many grids there are, the frames are few, the first and the last among them, and most of them stay.
func TestThinned(t *testing.T) {
	var all, before []grid
	for n := 1; n < 1000; n++ {
		all = append(all, grid{step: n})
		some := thinned(all, 10)
		if len(some) > 11 || n > 11 && len(some) < 6 || some[0] != all[0] || some[len(some)-1] != all[n-1] {
			t.Fatalf("%d: %v", n, some)
		}
		added := 0
		for i, g := range some {
			if i > 0 && g.step <= some[i-1].step {
				t.Fatalf("%d: %v", n, some)
			}
			if !slices.Contains(before, g) {
				added++
			}
		}
		if added > 1 {
			t.Errorf("%d: %v after %v", n, some, before)
		}
		before = some
	}
}

func TestReadme(t *testing.T) {
	dir := folder(t, 100, 50)
	mustWrite(t, New(dir, 0))
	text, err := os.ReadFile(filepath.Join(dir, ReadmeName))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# 00007-mnist\n", "Epoch 2, step 100: Loss_D 1.455, Loss_G 1.584", "\n    cgan train --resume here\n", `"batch": 64`, "samples-000100.png"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	links := regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(text), -1)
	if len(links) != 3 {
		t.Errorf("links %q", links)
	}
	for _, link := range links {
		if _, err := os.Stat(filepath.Join(dir, link[1])); err != nil {
			t.Error(err)
		}
	}
}

// A run without a step or without a grid has nothing to show, which is no error.
func TestLittleToShow(t *testing.T) {
	empty := folder(t, 0, 1)
	mustWrite(t, New(empty, 0))
	if _, err := os.Stat(filepath.Join(empty, CurvesName)); err == nil {
		t.Error("curves of no step")
	}
	dir := folder(t, 1, 2)
	mustWrite(t, New(dir, 0))
	for name, want := range map[string]bool{CurvesName: true, ReadmeName: true, GIFName: false} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(dir, ReadmeName)); strings.Contains(string(text), GIFName) {
		t.Error("README.md shows grids that are not there")
	}
}

// What could not be written once is in the files of the next time.
func TestWriteTriesAgain(t *testing.T) {
	dir := folder(t, 10, 5)
	r := New(dir, 0)
	mustWrite(t, r)
	train(t, dir, 11, 20, 5)
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(""); err == nil {
		t.Error("writing to no folder is no error")
	}
	if err := os.Rename(dir+"-away", dir); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, r)
	wantSteps(t, dir, 20, 5)
	if litter, _ := filepath.Glob(filepath.Join(dir, ".*.tmp")); len(litter) > 0 {
		t.Errorf("%v stays", litter)
	}
}

// BenchmarkWrite is the time of a save in a run of 100,000 steps with 1,000 grids of the article's size.
func BenchmarkWrite(b *testing.B) {
	dir := folder(b, 100_000, 1<<30)
	g := picture.Grid{Pixels: make([]float32, 100*784), Rows: 10, Columns: 10, Channels: 1, Height: 28, Width: 28}
	for step := 100; step <= 100_000; step += 100 {
		for i := range g.Pixels {
			g.Pixels[i] = float32(math.Sin(float64(step * i)))
		}
		if err := picture.Save(filepath.Join(dir, fmt.Sprintf("samples-%06d.png", step)), true, g); err != nil {
			b.Fatal(err)
		}
	}
	r := New(dir, 0)
	began := time.Now()
	mustWrite(b, r)
	first := time.Since(began)
	for b.Loop() {
		mustWrite(b, r)
	}
	b.ReportMetric(first.Seconds(), "s/first")
}

// asJSON is for maps in messages.
func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
