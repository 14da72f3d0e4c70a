package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"os"
	"slices"
	"text/tabwriter"

	"cgan/models"
	"cgan/models/arch"
	"cgan/weights"
	"cgan/weights/pretrained"

	"github.com/urfave/cli/v2"
)

// fileReport is what inspect says of a weights file.
type fileReport struct {
	Path         string            `json:"path"`
	Format       string            `json:"format"`
	Bytes        int64             `json:"bytes"`
	SHA256       string            `json:"sha256"`
	Architecture *models.Config    `json:"architecture,omitempty"` // where it is a generator
	Classes      models.Classes    `json:"class_names,omitempty"`
	Note         string            `json:"note,omitempty"` // why it is none
	Metadata     map[string]string `json:"metadata,omitempty"`
	Notices      []string          `json:"notices,omitempty"` // such as NaN
	Values       []valueReport     `json:"values"`
}

// valueReport is one tensor or plain value of the file.
type valueReport struct {
	Key   string  `json:"key"`
	Type  string  `json:"type"`
	Shape []int64 `json:"shape,omitempty"`
	Value any     `json:"value,omitempty"`
}

func inspectFile(c *cli.Context, path string) error {
	file, err := models.OpenFile(path)
	if err != nil {
		r, ok, problem := inspectProgram(path)
		if problem != nil || !ok {
			return errors.Join(err, problem)
		}
		return r.show(c)
	}
	r := fileReport{Path: file.Path, Format: file.Format.String(), Bytes: file.Size, Metadata: file.Metadata, Notices: file.Notices}
	if r.SHA256, err = sumOf(file.Path); err != nil {
		return err
	}
	rules, err := mapRules(c)
	if err != nil {
		return err
	}
	if w, err := models.Find(file, c.String("key"), &arch.File{Map: rules}); err == nil {
		r.Architecture, r.Classes, r.Notices = &w.Config, w.Classes, file.Notices
		if w.Assumed != nil {
			r.Notices = append(r.Notices, assumedNotice(path, w.Assumed))
		}
	} else {
		r.Note = err.Error()
	}
	whole := false
	if r.Values, whole = listValues(file.Root); !whole {
		r.Notices = append(r.Notices, fmt.Sprintf("only the first %d values are listed", len(r.Values)))
	}
	return r.show(c)
}

func (r fileReport) show(c *cli.Context) error {
	if c.Bool("json") {
		return printJSON(c, r)
	}
	return r.print(c.App.Writer)
}

// sumOf is the sha256 of a file, or of what ships under the name.
func sumOf(path string) (string, error) {
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	if pretrained.Has(path) {
		open = func() (io.ReadCloser, error) { return pretrained.Reader(path) }
	}
	file, err := open()
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Bounds of a report: shared parts of a small file can span millions of values, each below the same long key.
const (
	mostValues   = 100_000
	mostKeyBytes = 64 << 20
)

// listValues lists the values of a checkpoint; the keys of nested ones are joined by dots. It is whole or says false.
func listValues(root weights.Value) (values []valueReport, whole bool) {
	keyBytes := 0
	whole = weights.Walk(root, func(at *weights.Path, v weights.Value) bool {
		r := valueReport{Key: at.String(), Type: fmt.Sprintf("%T", v), Value: v}
		switch v := v.(type) {
		case *weights.Tensor:
			r = valueReport{Key: r.Key, Type: v.DType.String(), Shape: append([]int64{}, v.Shape...)}
		case *big.Int:
			r.Type = "int"
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) { // JSON has no such numbers
				r.Value = fmt.Sprint(v)
			}
		}
		values = append(values, r)
		keyBytes += len(r.Key)
		return len(values) < mostValues && keyBytes < mostKeyBytes
	})
	return values, whole
}

// printNetworks prints what networks that are given as data draw, and their layers.
func (r fileReport) printNetworks(w io.Writer) error {
	a := r.Architecture
	fmt.Fprintf(w, "generator: noise %s, images %s, %s\n", a.Arch.Generator.Source[0], shape(a.Image()), classesText(r.Classes))
	summaries, err := models.Summarize(*a)
	if err != nil {
		return err
	}
	for _, s := range summaries {
		if err := printSummary(w, s); err != nil {
			return err
		}
	}
	return nil
}

func classesText(classes models.Classes) string {
	if len(classes) == 0 {
		return "no classes"
	}
	return fmt.Sprintf("%d classes: %s", len(classes), classes)
}

func (r fileReport) print(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s, %s bytes\nsha256 %s\n", r.Path, r.Format, thousands(r.Bytes), r.SHA256)
	if a := r.Architecture; a != nil && a.Arch != nil {
		if err := r.printNetworks(&b); err != nil {
			return err
		}
	} else if a != nil {
		fmt.Fprintf(&b, "generator: nz %d, ngf %d, %d channels of %[4]dx%[4]d, %[5]d classes: %[6]s\n", a.Noise, a.NgF, a.Channels, a.Size, a.Classes, r.Classes)
	} else {
		fmt.Fprintln(&b, r.Note)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Metadata)) {
		fmt.Fprintf(&b, "metadata %s: %s\n", weights.Show(key), weights.Show(r.Metadata[key]))
	}
	for _, notice := range r.Notices {
		fmt.Fprintln(&b, "notice:", notice)
	}
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, v := range r.Values {
		if v.Shape != nil {
			fmt.Fprintf(table, "%s\t%s\t%s\n", weights.Show(v.Key), v.Type, shape(v.Shape))
		} else {
			fmt.Fprintf(table, "%s\t%s\t%s\n", weights.Show(v.Key), v.Type, weights.Show(fmt.Sprint(v.Value)))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
