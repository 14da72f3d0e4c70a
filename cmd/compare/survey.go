package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// survey prints of how many weights files of other people, with references of the same name in .npz, cgan draws the same images:
// with nothing said, and with what `cgan inspect --arch --compare-with` finds.
func survey(ctx context.Context, cgan, dir string) error {
	text, err := surveyed(ctx, cgan, dir)
	if err == nil {
		fmt.Print(text)
	}
	return err
}

func surveyed(ctx context.Context, cgan, dir string) (string, error) {
	references, err := filepath.Glob(filepath.Join(dir, "*.npz"))
	if err != nil {
		return "", err
	}
	if len(references) == 0 {
		return "", fmt.Errorf("%s holds no .npz of noise, labels and images beside weights of the same name", dir)
	}
	t, counts := newTable(3, "file", "commands", "what was wrong"), map[string]int{}
	for _, reference := range references {
		name := strings.TrimSuffix(filepath.Base(reference), ".npz")
		file, err := weightsBeside(reference)
		if err != nil {
			return "", err
		}
		commands, wrong := "1", ""
		if err := draws(ctx, cgan, file, reference); err != nil {
			commands, wrong = "2", err.Error()
			if err := settles(ctx, cgan, file, reference); err != nil {
				commands, wrong = "-", err.Error()
			}
		}
		counts[commands]++
		t.add(name, commands, wrong)
	}
	n := len(references)
	return fmt.Sprintf("%s\n%d files: %d drawn as they are (%.0f %%), %d in one or two commands (%.0f %%)\n", t, n, counts["1"], 100*float64(counts["1"])/float64(n),
		counts["1"]+counts["2"], 100*float64(counts["1"]+counts["2"])/float64(n)), nil
}

// weightsBeside is the file of weights that a reference was drawn with.
func weightsBeside(reference string) (string, error) {
	base := strings.TrimSuffix(reference, ".npz")
	for _, ending := range []string{".pt", ".pth", ".safetensors"} {
		if _, err := os.Stat(base + ending); err == nil {
			return base + ending, nil
		}
	}
	return "", fmt.Errorf("beside %s there is no .pt, .pth or .safetensors of its name", reference)
}

// draws compares the images of a file with its reference's.
func draws(ctx context.Context, cgan, file, reference string, flags ...string) error {
	_, err := run(ctx, cgan, append([]string{"generate", "--exact", "--weights", file, "--compare-with", reference}, flags...)...)
	return err
}

// settles has cgan look for the network, and compares what it draws.
func settles(ctx context.Context, cgan, file, reference string) error {
	found, err := run(ctx, cgan, "inspect", file, "--arch", "--compare-with", reference)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "survey-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "arch.yaml")
	if err := os.WriteFile(path, found, 0o644); err != nil {
		return err
	}
	return draws(ctx, cgan, file, reference, "--arch", path)
}

// run gives what a program prints, or the last line of its complaint.
func run(ctx context.Context, program string, args ...string) ([]byte, error) {
	output, err := exec.CommandContext(ctx, program, args...).Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		lines := strings.Split(strings.TrimSpace(string(failed.Stderr)), "\n")
		return nil, errors.New(lines[len(lines)-1])
	}
	return output, err
}
