package record

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgan/train/runfolder"

	"cgan/weights/atomicfile"
	"google.golang.org/protobuf/encoding/protowire"
)

// found is what a reader finds in an event file.
type found struct {
	Scalars map[string][][2]float64 `json:"scalars"` // steps and values by tag
	Images  map[string][][4]any     `json:"images"`  // steps, widths, heights and whether they are PNG
}

// decode reads an event file by the format's description, beside the code that writes it.
func decode(t *testing.T, path string) found {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := found{map[string][][2]float64{}, map[string][][4]any{}}
	for n := 0; len(file) > 0; n++ {
		length := binary.LittleEndian.Uint64(file)
		message := file[12 : 12+length]
		for _, part := range []struct{ data, sum []byte }{{file[:8], file[8:12]}, {message, file[12+length : 16+length]}} {
			if got := binary.LittleEndian.Uint32(part.sum); got != checksum(part.data) {
				t.Fatalf("record %d: checksum %x", n, got)
			}
		}
		file = file[16+length:]
		version, step := "", 0.0
		each(message, func(field protowire.Number, v uint64, data []byte) {
			switch field {
			case 2:
				step = float64(v)
			case 3:
				version = string(data)
			case 5:
				each(data, func(_ protowire.Number, _ uint64, value []byte) { all.add(step, value) })
			}
		})
		if (version == "brain.Event:2") != (n == 0) {
			t.Errorf("record %d has the version %q", n, version)
		}
	}
	return all
}

// add notes a value of a summary.
func (f found) add(step float64, value []byte) {
	tag := ""
	each(value, func(field protowire.Number, _ uint64, data []byte) {
		switch field {
		case 1:
			tag = string(data)
		case 2:
			at := bytes.Index(value, append([]byte(tag), 0x15)) + len(tag) + 1
			bits := binary.LittleEndian.Uint32(value[at:])
			f.Scalars[tag] = append(f.Scalars[tag], [2]float64{step, float64(math.Float32frombits(bits))})
		case 4:
			image := [4]any{step, 0.0, 0.0, false}
			each(data, func(field protowire.Number, v uint64, data []byte) {
				switch field {
				case 1:
					image[2] = float64(v)
				case 2:
					image[1] = float64(v)
				case 4:
					image[3] = bytes.HasPrefix(data, []byte("\x89PNG"))
				}
			})
			f.Images[tag] = append(f.Images[tag], image)
		}
	})
}

// wanted is what a run of so many steps should have in its file.
func wanted(steps, gridEvery int) found {
	all := found{map[string][][2]float64{}, map[string][][4]any{}}
	for step := 1; step <= steps; step++ {
		s := statsOf(step)
		values := map[string]float64{"loss_d": s.LossD, "loss_g": s.LossG, "d_x": s.DReal, "d_g_z": s.DFake, "images_per_s": s.ImagesPS}
		if e := s.Eval; e != nil {
			maps.Copy(values, map[string]float64{
				"eval/consistency": *e.Consistency, "eval/frechet": e.Frechet, "eval/frechet_floor": e.Floor, "eval/precision": e.Precision,
				"eval/recall": e.Recall, "eval/density": e.Density, "eval/coverage": e.Coverage, "eval/diversity": e.Diversity,
			})
		}
		for tag, v := range values {
			all.Scalars[tag] = append(all.Scalars[tag], [2]float64{float64(step), float64(float32(v))})
		}
		if step%gridEvery == 0 { // 3 images of 4 pixels beside each other, 2 below, with gaps of 2
			all.Images["samples"] = append(all.Images["samples"], [4]any{float64(step), 20.0, 14.0, true})
		}
	}
	return all
}

func wantSteps(t *testing.T, dir string, steps, gridEvery int) {
	t.Helper()
	if got, want := asJSON(decode(t, filepath.Join(dir, EventsName))), asJSON(wanted(steps, gridEvery)); got != want {
		t.Errorf("the file has\n%.1000s\nwant\n%.1000s", got, want)
	}
}

func TestEvents(t *testing.T) {
	dir := folder(t, 30, 10)
	r := New(dir, 0)
	mustWrite(t, r)
	wantSteps(t, dir, 30, 10)
	train(t, dir, 31, 60, 10)
	mustWrite(t, r)
	mustWrite(t, r)
	wantSteps(t, dir, 60, 10)
	file, err := os.ReadFile(filepath.Join(dir, EventsName))
	// The start that files of TensorFlow and PyTorch have: a record of 24 bytes, its sum, and field 1.
	if err != nil || !bytes.HasPrefix(file, []byte("\x18\x00\x00\x00\x00\x00\x00\x00\xa3\x7f\x4b\x22\x09")) {
		t.Errorf("it begins with %x, %v", file[:13], err)
	}
}

// A run goes on after step 20, whatever the file has beyond it, lacks, or has half. No step is there twice, and none is missing.
func TestEventsOfARunThatGoesOn(t *testing.T) {
	for name, damage := range map[string]func(file []byte) []byte{
		"nothing":         func(file []byte) []byte { return file },
		"half a record":   func(file []byte) []byte { return file[:len(file)-5] },
		"few records":     func(file []byte) []byte { return file[:len(file)/5] },
		"no file":         func([]byte) []byte { return nil },
		"zeros at an end": func(file []byte) []byte { return append(file, make([]byte, 100)...) },
		"a flipped bit":   func(file []byte) []byte { file[len(file)/2] ^= 1; return file },
		"another file":    func([]byte) []byte { return []byte("something else that is longer than a head") },
	} {
		dir := folder(t, 35, 10)
		mustWrite(t, New(dir, 0))
		path := filepath.Join(dir, EventsName)
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, damage(file), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := runfolder.CutLog(atomicfile.System(), dir, 20); err != nil {
			t.Fatal(err)
		}
		r := New(dir, 20)
		train(t, dir, 21, 25, 10)
		mustWrite(t, r)
		t.Log(name)
		wantSteps(t, dir, 25, 10) // the grid of step 30 is one of a step to come
		train(t, dir, 26, 50, 10)
		mustWrite(t, r)
		wantSteps(t, dir, 50, 10)
	}
}

// What could not be written waits, and the part of a record that a full disk took is written over.
func TestEventsThatCannotBeWritten(t *testing.T) {
	dir := folder(t, 30, 10)
	r := New(dir, 0)
	mustWrite(t, r)
	train(t, dir, 31, 60, 10)
	path := filepath.Join(dir, EventsName)
	file, err := os.ReadFile(path)
	if err == nil {
		err = os.Remove(path)
	}
	if err == nil {
		err = os.Mkdir(path, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(""); err == nil || !strings.Contains(err.Error(), "TensorBoard's events") {
		t.Errorf("%v", err)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, append(file, "part of a record"...), 0o644)); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, r)
	wantSteps(t, dir, 60, 10)
}

func TestEventsThatAnotherProgramCuts(t *testing.T) {
	dir := folder(t, 10, 10)
	r := New(dir, 0)
	mustWrite(t, r)
	if err := os.Remove(filepath.Join(dir, EventsName)); err != nil {
		t.Fatal(err)
	}
	train(t, dir, 11, 20, 10)
	if err := r.Write(""); err == nil || !strings.Contains(err.Error(), "shorter than it was") {
		t.Errorf("%v", err)
	}
}

// TensorBoard's own reader finds the same, also while the file grows and after the run went on.
func TestTensorBoardReadsTheEvents(t *testing.T) {
	python := os.Getenv("CGAN_PYTHON_TENSORBOARD")
	if python == "" {
		t.Skip("set CGAN_PYTHON_TENSORBOARD to a Python executable with tensorboard to have it read event files")
	}
	read := func(dir string) string {
		run := exec.Command(python, "-B", "-W", "ignore", "testdata/events.py", dir)
		var problems bytes.Buffer
		run.Stderr = &problems
		out, err := run.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, problems.String())
		}
		var all found
		if err := json.Unmarshal(out, &all); err != nil {
			t.Fatal(err)
		}
		return asJSON(all)
	}
	dir := folder(t, 35, 10)
	mustWrite(t, New(dir, 0))
	if got, want := read(dir), asJSON(wanted(35, 10)); got != want {
		t.Errorf("it finds\n%.1000s\nwant\n%.1000s", got, want)
	}
	if _, err := runfolder.CutLog(atomicfile.System(), dir, 20); err != nil {
		t.Fatal(err)
	}
	r := New(dir, 20)
	train(t, dir, 21, 50, 10)
	mustWrite(t, r)
	if got, want := read(dir), asJSON(wanted(50, 10)); got != want {
		t.Errorf("after going on it finds\n%.1000s\nwant\n%.1000s", got, want)
	}
}
