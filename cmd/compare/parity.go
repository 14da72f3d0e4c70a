package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// trace is what `cgan train --trace` and `train.py trace` write.
type trace struct {
	Torch         string            `json:"torch"`
	Threads       int               `json:"threads"`
	Seed          int               `json:"seed"`
	Batch         int               `json:"batch"`
	Losses        [][2]string       `json:"losses"`
	Generator     map[string]string `json:"generator"`
	Discriminator map[string]string `json:"discriminator"`
}

// parityCase is one training that both programs run.
type parityCase struct {
	name               string
	images             int // of MNIST's first ones; 0 for all
	batch, seed, steps int
}

var parityCases = []parityCase{
	{"batch 128, seed 0", 0, 128, 0, 20},
	{"batch 128, seed 1", 0, 128, 1, 20},
	{"batch 96 of 1000 images, across two epochs' ends", 1000, 96, 2, 25},
}

// parity runs every case in both programs and fails when one bit differs.
func parity(ctx context.Context, cgan string) error {
	work, err := os.MkdirTemp("", "cgan-parity-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	differing := 0
	for i, c := range parityCases {
		n, err := c.run(ctx, cgan, filepath.Join(work, strconv.Itoa(i)))
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		differing += n
	}
	if differing > 0 {
		return fmt.Errorf("%d values differ from Python's", differing)
	}
	fmt.Println("parity: every bit is Python's")
	return nil
}

// run gives the number of values that differ.
func (c parityCase) run(ctx context.Context, cgan, work string) (int, error) {
	mnist, err := mnistDir(ctx, cgan)
	if err != nil {
		return 0, err
	}
	data := mnist
	if c.images > 0 {
		data = work
		if err := cutMNIST(mnist, data, c.images); err != nil {
			return 0, err
		}
	}
	ours, theirs := work+"-cgan.json", work+"-python.json"
	same := []string{"--data", data, "--batch", strconv.Itoa(c.batch), "--seed", strconv.Itoa(c.seed), "--steps", strconv.Itoa(c.steps)}
	if err := quiet(ctx, cgan, append([]string{"train", "--exact", "--quiet", "--device", "cpu", "--out", work + "-runs", "--trace", ours}, same...)...); err != nil {
		return 0, err
	}
	mine, err := readTrace(ours)
	if err != nil {
		return 0, err
	}
	torch, _, _ := strings.Cut(mine.Torch, "+")
	interpreter, err := python(ctx, torch)
	if err != nil {
		return 0, err
	}
	if err := quiet(ctx, interpreter, append([]string{"train/train.py", "trace", "--threads", strconv.Itoa(mine.Threads), "--out", theirs}, same...)...); err != nil {
		return 0, err
	}
	original, err := readTrace(theirs)
	if err != nil {
		return 0, err
	}
	return c.report(mine, original), nil
}

// report prints what differs, and one line for the case.
func (c parityCase) report(mine, original trace) int {
	differences := compare(mine, original)
	for _, d := range differences {
		fmt.Println("  differs:", d)
	}
	fmt.Printf("torch %s, %d threads, %s: %d steps, %d losses, %d tensors, %d differ\n", original.Torch, original.Threads, c.name,
		len(original.Losses), 2*len(original.Losses), len(original.Generator)+len(original.Discriminator), len(differences))
	return len(differences)
}

// compare lists every value of the two traces that is not the same.
func compare(a, b trace) (differences []string) {
	note := func(what string, x, y any) {
		if x != y {
			differences = append(differences, fmt.Sprintf("%s: %v, Python %v", what, x, y))
		}
	}
	note("threads", a.Threads, b.Threads)
	note("seed", a.Seed, b.Seed)
	note("batch", a.Batch, b.Batch)
	note("torch", a.Torch, b.Torch)
	note("number of losses", len(a.Losses), len(b.Losses))
	for i := range min(len(a.Losses), len(b.Losses)) {
		note(fmt.Sprintf("Loss_D of step %d", i+1), a.Losses[i][0], b.Losses[i][0])
		note(fmt.Sprintf("Loss_G of step %d", i+1), a.Losses[i][1], b.Losses[i][1])
	}
	for net, pair := range map[string][2]map[string]string{
		"generator": {a.Generator, b.Generator}, "discriminator": {a.Discriminator, b.Discriminator},
	} {
		note(net+": number of tensors", len(pair[0]), len(pair[1]))
		for key, sum := range pair[1] {
			note(net+": "+key, pair[0][key], sum)
		}
	}
	return differences
}

func readTrace(path string) (t trace, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return t, fmt.Errorf("%s: %w", path, err)
	}
	if len(t.Losses) == 0 || len(t.Generator) == 0 || len(t.Discriminator) == 0 {
		return t, fmt.Errorf("%s holds no losses or no tensors", path)
	}
	return t, nil
}
