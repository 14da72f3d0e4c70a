package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// setting is what to compare: a cgan and a Python with its torch, computing on a device.
type setting struct {
	cgan, python string // an empty python is one that is installed for it
	device       string // cpu or cuda
}

// programs runs cgan and its original in a folder of their own.
type programs struct {
	setting
	diagnosis        // of cgan; Python takes its threads too
	torch     string // the version of both, such as 2.15.0
	work      string
	runs      int
	processes int // that train together; 0 for one

	onnxPython  string // with onnxruntime and OpenVINO
	peersPython string // with JAX and TensorFlow
}

// newPrograms finds the Python for the torch of cgan. Clear them.
func newPrograms(ctx context.Context, s setting) (*programs, error) {
	found, err := askDoctor(ctx, s.cgan)
	if err != nil {
		return nil, err
	}
	torch, _, _ := strings.Cut(found.Version, "+")
	if s.python == "" {
		if s.python, err = python(ctx, torch); err != nil {
			return nil, err
		}
	}
	work, err := os.MkdirTemp("", "cgan-compare-")
	return &programs{setting: s, diagnosis: found, torch: torch, work: work}, err
}

// exportONNX makes the original's weights and gives them as ONNX too, with a Python for it in onnxPython.
func (p *programs) exportONNX(ctx context.Context) (weights, model string, err error) {
	if p.onnxPython == "" {
		if p.onnxPython, err = python(ctx, "onnx"); err != nil {
			return "", "", err
		}
	}
	weights, model = p.file(".pt"), p.file(".onnx")
	if err := quiet(ctx, p.python, "train/train.py", "make", weights); err != nil {
		return "", "", err
	}
	return weights, model, quiet(ctx, p.cgan, "export", weights, "--format", "onnx", "--out", model)
}

// ranks is the processes in words; nothing for one.
func (p *programs) ranks() []string {
	if p.processes == 0 {
		return nil
	}
	return []string{fmt.Sprintf("with %d processes", p.processes)}
}

// clear removes the folder.
func (p *programs) clear() { os.RemoveAll(p.work) }

// data is the folder of MNIST, or of its first images.
func (p *programs) data(images int) (string, error) {
	if images == 0 {
		return p.MNIST, nil
	}
	dir := filepath.Join(p.work, "first-"+strconv.Itoa(images))
	return dir, cutMNIST(p.MNIST, dir, images)
}

// file is a new path in the work folder.
func (p *programs) file(suffix string) string {
	p.runs++
	return filepath.Join(p.work, strconv.Itoa(p.runs)+suffix)
}

// goTrain trains with cgan and gives its trace and its checkpoint.
func (p *programs) goTrain(ctx context.Context, flags []string) (t trace, checkpoint string, err error) {
	out, file := p.file("-runs"), p.file("-cgan.json")
	args := append([]string{"train", "--exact", "--quiet", "--device", p.device, "--threads", strconv.Itoa(p.Threads), "--out", out, "--trace", file}, flags...)
	if p.processes > 0 {
		args = append(args, "--processes", strconv.Itoa(p.processes))
	}
	if err := quiet(ctx, p.cgan, args...); err != nil {
		return t, "", err
	}
	saved, err := checkpoints(out)
	if err != nil {
		return t, "", err
	}
	checkpoint = saved[len(saved)-1]
	t, err = readTrace(file)
	return t, checkpoint, err
}

// checkpoints are those of the one run whose folder is in out, in the order of their steps: one at least.
func checkpoints(out string) ([]string, error) {
	saved, err := filepath.Glob(filepath.Join(out, "*", "checkpoint-*.pt"))
	if err == nil && len(saved) == 0 {
		err = fmt.Errorf("no checkpoint in %s", out)
	}
	return saved, err
}

// pythonTrain trains with train.py and gives its trace and its checkpoint.
func (p *programs) pythonTrain(ctx context.Context, flags []string) (t trace, checkpoint string, err error) {
	file, checkpoint := p.file("-python.json"), p.file("-python.pt")
	args := append([]string{"train/train.py", "trace", "--device", p.device, "--threads", strconv.Itoa(p.Threads), "--out", file, "--save", checkpoint}, flags...)
	if p.processes > 0 {
		args = append([]string{"-m", "torch.distributed.run", "--standalone", "--nproc-per-node", strconv.Itoa(p.processes)}, args...)
	}
	if err := quiet(ctx, p.python, args...); err != nil {
		return t, "", err
	}
	t, err = readTrace(file)
	return t, checkpoint, err
}

// asPython prints the networks of an arch file as a Python module, and gives its path.
func (p *programs) asPython(ctx context.Context, column string) (string, error) {
	text, err := exec.CommandContext(ctx, p.cgan, "inspect", column, "--as-python").Output()
	if err != nil {
		return "", fmt.Errorf("%s inspect %s --as-python: %w", p.cgan, column, err)
	}
	module := p.file("-networks.py")
	return module, os.WriteFile(module, text, 0o644)
}
