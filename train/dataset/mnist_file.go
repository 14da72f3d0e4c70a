package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// mnistFile is one file of the set, as its publishers packed it.
type mnistFile struct {
	name   string
	size   int64
	sha256 string
}

var mnistFiles = []mnistFile{
	{"train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
	{"train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
	{"t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
	{"t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
}

func (f mnistFile) check(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != f.size {
		return errors.New("wrong size")
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return f.copy(io.Discard, file)
}

// copy takes at most one byte more than the file should have, and then compares size and sum.
func (f mnistFile) copy(to io.Writer, from io.Reader) error {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, sum), io.LimitReader(from, f.size+1))
	if err != nil {
		return err
	}
	if n > f.size {
		return fmt.Errorf("%s is longer than its %d bytes", f.name, f.size)
	}
	if n < f.size {
		return fmt.Errorf("%s ends at byte %d of %d", f.name, n, f.size)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.sha256 {
		return fmt.Errorf("%s has the sha256 sum %s, not %s", f.name, got, f.sha256)
	}
	return nil
}
