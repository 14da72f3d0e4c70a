package arch

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cgan/weights"
)

var update = flag.Bool("update", false, "write what is guessed into testdata/guess")

// layouts reads testdata/guess/*.txt: keys with shapes, an empty line, and the column or the error that is expected. A key that
// ends in * stands for a BatchNorm's tensors, one that ends in + for weight and bias.
func layouts(t *testing.T) map[string][2]string {
	t.Helper()
	files, err := filepath.Glob("testdata/guess/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	all := map[string][2]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		keys, want, _ := strings.Cut(string(text), "\n\n")
		all[strings.TrimSuffix(filepath.Base(file), ".txt")] = [2]string{keys, want}
	}
	return all
}

// stateOf makes a state dict of lines such as "model.0+ 256 110".
func stateOf(t *testing.T, text string) (s weights.StateDict) {
	t.Helper()
	add := func(key string, shape ...int64) {
		s = append(s, weights.Entry{Key: key, Tensor: weights.Tensor{DType: weights.F32, Shape: shape}})
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		words := strings.Fields(line)
		var shape []int64
		for _, word := range words[1:] {
			n, err := strconv.ParseInt(word, 10, 64)
			if err != nil {
				t.Fatal(line, err)
			}
			shape = append(shape, n)
		}
		key := words[0]
		switch name := key[:len(key)-1]; key[len(key)-1] {
		case '*':
			for _, part := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
				add(name+part, shape...)
			}
			s = append(s, weights.Entry{Key: name + ".num_batches_tracked", Tensor: weights.Tensor{DType: weights.I64}})
		case '+': // Linear and Conv2d: as many as come first
			add(name+".weight", shape...)
			add(name+".bias", shape[0])
		case '~': // ConvTranspose2d
			add(name+".weight", shape...)
			add(name+".bias", shape[1])
		default:
			add(key, shape...)
			if strings.HasSuffix(key, ".num_batches_tracked") {
				s[len(s)-1].DType = weights.I64
			}
		}
	}
	return s
}

func TestGuessDrawsWhatKeysAndShapesTell(t *testing.T) {
	for name, layout := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			got := guessed(stateOf(t, layout[0]))
			if *update {
				if err := os.WriteFile("testdata/guess/"+name+".txt", []byte(layout[0]+"\n\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != layout[1] {
				t.Errorf("got\n%s\nwant\n%s", got, layout[1])
			}
		})
	}
}

// guess is the usual network of what keys and shapes tell.
func guess(state weights.StateDict) (*Network, error) {
	c, err := CandidatesOf(state, Known{})
	if err != nil {
		return nil, err
	}
	return c.Usual(), nil
}

// guessed is the guessed file, or the error.
func guessed(state weights.StateDict) string {
	n, err := guess(state)
	if err != nil {
		return err.Error() + "\n"
	}
	return string(Write(&File{Generator: n}))
}

// A guess that leaves a tensor out, or needs one that the file lacks, would draw something else without a word.
func TestGuessHasEveryTensor(t *testing.T) {
	for name, layout := range layouts(t) {
		state := stateOf(t, layout[0])
		if n, err := guess(state); err == nil {
			if diff := otherTensors(n, state); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// otherTensors says in which tensors the network and the state differ.
func otherTensors(n *Network, state weights.StateDict) string {
	var want []weights.Spec
	for _, l := range n.All() {
		for _, tensor := range l.Tensors() {
			spec := weights.Spec{Key: l.Key + "." + tensor.Name, Shape: tensor.Shape, DType: weights.F32}
			if tensor.Name == "num_batches_tracked" {
				spec.DType = weights.I64
			}
			want = append(want, spec)
		}
	}
	if err := weights.Match(state, want); err != nil {
		return err.Error()
	}
	return ""
}

// Files are hostile: whatever keys and shapes stand in them, they are refused or have a column of exactly these tensors.
func TestGuessOfDamagedStates(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	sizes := []int64{1, 2, 3, 4, 7, 8, 10, 16, 49, 50, 64, 100, 110, 128, 256, 512, 784, 1024, 6272}
	guesses := 0
	for name, layout := range layouts(t) {
		whole := stateOf(t, layout[0])
		for range 15 {
			state := damaged(whole, random, sizes)
			n, err := guess(state)
			if err != nil {
				continue
			}
			guesses++
			if diff := otherTensors(n, state); diff != "" {
				t.Fatalf("%s: %s\n%s", name, diff, Write(&File{Generator: n}))
			}
		}
	}
	if guesses < 100 {
		t.Errorf("only %d of the states could be guessed: the damage is too great for a test", guesses)
	}
}

// damaged is a state with up to three changes: a module left out, renamed or moved, or a size changed.
func damaged(whole weights.StateDict, random *rand.Rand, sizes []int64) weights.StateDict {
	state := slices.Clone(whole)
	for range 1 + random.IntN(3) {
		module := moduleKey(state[random.IntN(len(state))].Key)
		var in, out weights.StateDict
		for _, e := range state {
			if moduleKey(e.Key) == module {
				in = append(in, e)
			} else {
				out = append(out, e)
			}
		}
		switch what := random.IntN(4); {
		case what == 0 && len(out) > 0:
			state = out
		case what == 1:
			state = append(out, in...)
		case what == 2:
			for i := range in {
				in[i].Key = "label" + strings.TrimPrefix(in[i].Key, module)
			}
			state = append(in, out...)
		default:
			i := random.IntN(len(state))
			if state[i].Shape = slices.Clone(state[i].Shape); len(state[i].Shape) > 0 {
				state[i].Shape[random.IntN(len(state[i].Shape))] = sizes[random.IntN(len(sizes))]
			}
		}
	}
	return state
}

func moduleKey(key string) string { return key[:max(0, strings.LastIndexByte(key, '.'))] }

// A search that tries all combinations would take hours; on a busy machine and under the race detector it takes seconds.
func TestGuessIsQuick(t *testing.T) {
	var long, many weights.StateDict
	add := func(s weights.StateDict, key string, shape ...int64) weights.StateDict {
		return append(s, weights.Entry{Key: key + ".weight", Tensor: weights.Tensor{DType: weights.F32, Shape: shape}})
	}
	for i := range mostModules {
		long = add(long, fmt.Sprintf("net.%d", 3*i), 64, 64, 3, 3)
	}
	for i := range 20_000 {
		many = add(many, fmt.Sprintf("net.%d", i), 64, 64, 3, 3)
	}
	start := time.Now()
	for _, state := range []weights.StateDict{long, many} {
		if _, err := guess(state); err == nil {
			t.Error("64 channels are no image")
		}
	}
	long = append(add(nil, "fc", 1024, 100), long...)
	long = add(long, "out", 1, 64, 3, 3)
	if _, err := guess(long[1:]); err == nil {
		t.Error("302 layers were guessed")
	}
	if _, err := guess(append(long[:200:200], long[len(long)-1])); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 40*time.Second {
		t.Errorf("took %v", took)
	}
}
