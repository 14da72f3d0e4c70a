package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/weights/atomicfile"
)

// Trace is what `train.py trace` writes: every loss as an exact hexadecimal float, and the sha256 of
// every parameter and buffer. Two programs agree bit for bit when their traces are equal.
type Trace struct {
	Torch         string      `json:"torch"`
	Threads       int         `json:"threads"`
	Seed          int64       `json:"seed"`
	Batch         int         `json:"batch"`
	Losses        [][2]string `json:"losses"`
	Generator     digests     `json:"generator"`
	Discriminator digests     `json:"discriminator"`
	Average       digests     `json:"generator_ema,omitempty"`
}

// digests keeps the order of the state_dict, as Python's dict does.
type digests []struct{ key, sha256 string }

// MarshalJSON writes an object whose members keep their order.
func (d digests) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i, entry := range d {
		fmt.Fprintf(&b, "%s%q:%q", []string{"{", ","}[min(i, 1)], entry.key, entry.sha256)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func digest(named []nn.Named) (d digests, err error) {
	state, err := models.StateDict(named)
	for _, entry := range state {
		sum := sha256.Sum256(entry.Data)
		d = append(d, struct{ key, sha256 string }{entry.Key, hex.EncodeToString(sum[:])})
	}
	return d, err
}

func (t *Trace) add(l Losses) {
	t.Losses = append(t.Losses, [2]string{hexFloat(l.D), hexFloat(l.G)})
}

// save completes the trace with the digests of the trained networks and writes it to path.
func (t *Trace) save(path string, trainer *Trainer) (err error) {
	if t.Generator, err = digest(trainer.generator.StateDict()); err != nil {
		return err
	}
	if t.Discriminator, err = digest(trainer.discriminator.StateDict()); err != nil {
		return err
	}
	if trainer.average != nil {
		if t.Average, err = digest(trainer.average.StateDict()); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, true, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

func newTrace(c Config) *Trace {
	return &Trace{Torch: torch.FullVersion(), Threads: torch.NumThreads(), Seed: c.Seed, Batch: c.Batch, Losses: [][2]string{}}
}

var paddedExponent = regexp.MustCompile(`(p[+-])0+(\d)`)

// hexFloat writes x as Python's float.hex() does.
func hexFloat(x float64) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 1):
		return "inf"
	case math.IsInf(x, -1):
		return "-inf"
	case x == 0:
		return "0x0.0p+0"
	}
	return paddedExponent.ReplaceAllString(strconv.FormatFloat(x, 'x', 13, 64), "$1$2")
}
