package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// What make balance does, settled before it was run.
const (
	balanceClass     = 8    // is cut
	balanceImages    = 1000 // of each other class, the first ones of MNIST
	balanceCut       = balanceImages / 20
	balanceEpochsG   = 12 // of the generator
	balanceEpochsC   = 4  // of the classifier
	balanceSure      = "0.9"
	balanceNgF       = "32"
	balanceNdF       = "32"
	balanceFillCount = balanceImages - balanceCut
)

// balance prints how many test images of a class a classifier reads right that learnt from few of them, and from these with drawn ones
// beside them. The generator learns from the same few.
func balance(ctx context.Context, cgan string, seeds int) error {
	dir, err := os.MkdirTemp("", "balance-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cut := filepath.Join(dir, "cut")
	if err := writeCut(ctx, cgan, cut); err != nil {
		return err
	}
	t := newTable(1, "", "seed", fmt.Sprintf("%d read right", balanceClass), "all read right")
	for seed := range seeds {
		if err := balanceSeed(ctx, cgan, dir, cut, seed, t); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	fmt.Printf("%d images of each digit of MNIST to learn from, and %d of the %d; the test set whole\n\n%s", balanceImages, balanceCut, balanceClass, t)
	return nil
}

// balanceSeed adds a row for what is cut, filled up, and filled up with what a judge is sure of.
func balanceSeed(ctx context.Context, cgan, dir, cut string, seed int, t *table) error {
	s := strconv.Itoa(seed)
	judge := filepath.Join(dir, "judge-"+s+".pt")
	if err := classify(ctx, cgan, cut, judge, s, "cut to 5 %", t); err != nil {
		return err
	}
	runs := filepath.Join(dir, "runs-"+s)
	if _, err := said(ctx, cgan, "train", "--quiet", "--data", cut, "--epochs", strconv.Itoa(balanceEpochsG), "--seed", s, "--out", runs, "--ngf", balanceNgF, "--ndf", balanceNdF); err != nil {
		return err
	}
	for _, filter := range [][]string{nil, {"--filter", balanceSure, "--judge", judge}} {
		name := "filled up"
		if filter != nil {
			name += ", --filter " + balanceSure
		}
		full := filepath.Join(dir, "full")
		if err := os.RemoveAll(full); err != nil {
			return err
		}
		if err := os.CopyFS(full, os.DirFS(cut)); err != nil {
			return err
		}
		args := append([]string{
			"generate", "--weights", filepath.Join(runs, "00000-cut"), "--class", strconv.Itoa(balanceClass), "--count", strconv.Itoa(balanceFillCount),
			"--seed", s, "--format", "folder", "--out", filepath.Join(full, "train"),
		}, filter...)
		if _, err := said(ctx, cgan, args...); err != nil && strings.Contains(err.Error(), "--filter "+balanceSure+": of the last images of class") {
			t.add(name, s, "the judge is sure of too few", "-") // which learnt from few of that class itself
			continue
		} else if err != nil {
			return err
		}
		if err := classify(ctx, cgan, full, filepath.Join(dir, "classifier.pt"), s, name, t); err != nil {
			return err
		}
	}
	return nil
}

// classify trains a classifier on a set and adds what it reads right of the test images.
func classify(ctx context.Context, cgan, data, out, seed, name string, t *table) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	text, err := said(ctx, cgan, "judge", "train", "--data", data, "--epochs", strconv.Itoa(balanceEpochsC), "--seed", seed, "--out", out)
	if err != nil {
		return err
	}
	all := regexp.MustCompile(`reads (\S+) % of`).FindStringSubmatch(text)
	class := regexp.MustCompile(fmt.Sprintf(`\n  %d: (\d+) of (\d+)\n`, balanceClass)).FindStringSubmatch(text)
	if all == nil || class == nil {
		return fmt.Errorf("judge train says nothing of class %d: %s", balanceClass, text)
	}
	t.add(name, seed, class[1]+" of "+class[2], all[1]+" %")
	fmt.Fprintf(os.Stderr, "seed %s, %s: %s of %s, all %s %%\n", seed, name, class[1], class[2], all[1])
	return nil
}

// said runs a program, shows its command, and gives what it printed.
func said(ctx context.Context, program string, args ...string) (string, error) {
	fmt.Fprintln(os.Stderr, program, args)
	text, err := run(ctx, program, args...)
	return string(text), err
}

// writeCut writes class folders of MNIST below train, with few images of one class, and below test.
func writeCut(ctx context.Context, cgan, to string) error {
	d, err := askDoctor(ctx, cgan)
	if err != nil {
		return err
	}
	most := func(class byte) int {
		if class == balanceClass {
			return balanceCut
		}
		return balanceImages
	}
	err = writeSplit(filepath.Join(d.MNIST, "train"), filepath.Join(to, "train"), most)
	if err == nil {
		err = writeSplit(filepath.Join(d.MNIST, "t10k"), filepath.Join(to, "test"), func(byte) int { return math.MaxInt })
	}
	return err
}

// writeSplit writes the first images of each class of the files that begin so.
func writeSplit(from, to string, most func(class byte) int) error {
	images, err := readIDX(from+"-images-idx3-ubyte.gz", 16)
	if err != nil {
		return err
	}
	labels, err := readIDX(from+"-labels-idx1-ubyte.gz", 8)
	if err != nil {
		return err
	}
	written := map[byte]int{}
	for i, label := range labels {
		if written[label]++; written[label] > most(label) {
			continue
		}
		m := &image.Gray{Pix: images[784*i:][:784], Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
		if err := savePNG(filepath.Join(to, strconv.Itoa(int(label)), strconv.Itoa(i)+".png"), m); err != nil {
			return err
		}
	}
	return nil
}

// readIDX is what follows the header of a file, which cgan has seen to be MNIST's.
func readIDX(path string, header int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(unpacked)
	if err == nil && len(content) < header {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return content[header:], nil
}
