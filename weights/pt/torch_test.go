package pt

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

// torchDumps loads files with dump.py, one line for each.
func torchDumps(t *testing.T, python string, paths []string, flags ...string) []string {
	t.Helper()
	command := exec.Command(python, append([]string{"-B", "testdata/dump.py", "--stdin"}, flags...)...)
	command.Stdin = strings.NewReader(strings.Join(paths, "\n"))
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, problems.String())
	}
	var lines []string
	for scan := bufio.NewReader(bytes.NewReader(out)); ; {
		line, err := scan.ReadString('\n')
		if err == io.EOF {
			break
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	if len(lines) != len(paths) {
		t.Fatalf("%d lines for %d files\n%s", len(lines), len(paths), problems.String())
	}
	return lines
}

// writeTo writes a value to a file of a folder and returns the path.
func writeTo(t *testing.T, folder, name string, v weights.Value) string {
	t.Helper()
	path := filepath.Join(folder, name)
	var file bytes.Buffer
	if err := Write(&file, path, v, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is written loads in both versions of torch, mapped and not, with the same values.
func TestTorchReadsWhatIsWritten(t *testing.T) {
	for name, python := range weightstest.Pythons(t) {
		folder := t.TempDir()
		values := map[string]weights.Value{"checkpoint.pt": checkpoint(), "state.pt": weightstest.LayerState(), "list.pt": weights.List{1, nil}, "number.pt": 7}
		for _, path := range fixtures(t) {
			if root, _, err := readFile(path); err == nil && !strings.Contains(path, "values.v215") {
				values[filepath.Base(path)] = root
			}
		}
		var paths, want []string
		for file, v := range values {
			paths, want = append(paths, writeTo(t, folder, file, v)), append(want, "ok "+weightstest.Dump(v))
		}
		for _, flags := range [][]string{nil, {"--mmap"}} {
			for i, got := range torchDumps(t, python, paths, flags...) {
				if got != want[i] {
					t.Errorf("%s %v %s:\ngot  %s\nwant %s", name, flags, paths[i], got, want[i])
				}
			}
		}
	}
}

// What torch writes on this machine is read as the fixtures are.
func TestReadsWhatTorchWritesNow(t *testing.T) {
	for name, python := range weightstest.Pythons(t) {
		folder := t.TempDir()
		if out, err := exec.Command(python, "-B", "testdata/make.py", folder).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		paths, err := filepath.Glob(filepath.Join(folder, "*.pt"))
		if err != nil || len(paths) < 8 {
			t.Fatal(paths, err)
		}
		for _, path := range paths {
			want, err := os.ReadFile(strings.TrimSuffix(path, ".pt") + ".dump")
			if err != nil {
				t.Fatal(err)
			}
			root, _, err := readFile(path)
			if err != nil || "ok "+weightstest.Dump(root)+"\n" != string(want) {
				t.Errorf("%s %s: %v", name, path, err)
			}
		}
	}
}

// Adam goes on from a checkpoint that went through this package.
func TestTorchTrainsOn(t *testing.T) {
	const script = `
import sys, torch
sys.path.insert(0, "testdata")
import make
torch.manual_seed(3)
model = make.net()
saved = torch.load(sys.argv[1], weights_only=True)
print(model.load_state_dict(saved["generator"]))
adam = torch.optim.Adam(model.parameters())
adam.load_state_dict(saved["optimizerG"])
model(torch.randn(2, 3, 2, 2)).sum().backward()
adam.step()
print(int(adam.state_dict()["state"][0]["step"]), adam.param_groups[0]["betas"])`
	for name, python := range weightstest.Pythons(t) {
		for _, version := range []string{"v21", "v215"} {
			root, _, err := readFile("testdata/trained." + version + ".pt")
			if err != nil {
				t.Fatal(err)
			}
			path := writeTo(t, t.TempDir(), "c.pt", root)
			out, err := exec.Command(python, "-B", "-W", "ignore", "-c", script, path).Output()
			if want := "<All keys matched successfully>\n2 (0.5, 0.999)\n"; err != nil || string(out) != want {
				t.Errorf("%s, %s: %v\n%s", name, version, err, out)
			}
		}
	}
}
