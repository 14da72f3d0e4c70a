package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cgan/models"
	"cgan/models/arch"
	"cgan/models/export"
	"cgan/weights"
	"cgan/weights/atomicfile"
	"cgan/weights/pt"
	"cgan/weights/safetensors"

	"github.com/urfave/cli/v2"
)

var (
	exportFormats = []string{"pt", "safetensors", "torchscript", "onnx"}
	exportNets    = []string{"generator", "discriminator", "all"}
	exportTypes   = map[string]weights.DType{"f32": weights.F32, "f16": weights.F16, "bf16": weights.BF16}
)

// exportConfig is what the flags of export say.
type exportConfig struct {
	from, format, net, out string
	dtype                  string
	force                  bool
}

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:      "export",
		Usage:     "write weights for other programs",
		ArgsUsage: "RUN_OR_FILE",
		Description: "pt is a state_dict that torch.load(weights_only=True) reads, safetensors the same for its library.\n" +
			"torchscript and onnx are the generator as a program that takes (noise, label) to images, or noise alone\n" +
			"where it knows no classes.\n" +
			"The same weights give the same bytes. Those of pt hold the file's own name, as PyTorch writes it: another name gives others.",
		Flags: []cli.Flag{
			oneOfFlag("format", "pt, safetensors, torchscript or onnx; without it the ending of --out says which", "", exportFormats),
			&cli.StringFlag{Name: "out", Usage: "`FILE` to write; an existing one needs --force"},
			oneOfFlag("net", "generator, discriminator or all; torchscript and onnx know the generator alone", "generator", exportNets),
			oneOfFlag("dtype", "f32, f16 or bf16, for pt and safetensors", "f32", []string{"f32", "f16", "bf16"}),
			keyFlag(),
			plainFlag(),
			archFlag(), mapFlag(),
			&cli.BoolFlag{Name: "force", Usage: "replace an existing file"},
		},
		Action: func(c *cli.Context) error {
			cfg := exportConfig{c.Args().First(), c.String("format"), c.String("net"), c.String("out"), c.String("dtype"), c.Bool("force")}
			if err := cfg.chooseFormat(); err != nil {
				return usageError{err}
			}
			if err := cfg.validate(c.NArg()); err != nil {
				return usageError{err}
			}
			if err := cfg.run(c); err != nil {
				return err
			}
			_, err := fmt.Fprintln(c.App.Writer, "wrote", cfg.out)
			return err
		},
	}
}

// orList is words as "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// oneOfFlag is a text that must be one of the given ones.
func oneOfFlag(name, usage, value string, allowed []string) cli.Flag {
	return &cli.StringFlag{Name: name, Usage: usage, Value: value, Action: func(_ *cli.Context, v string) error {
		if slices.Contains(allowed, v) {
			return nil
		}
		return usageError{fmt.Errorf("--%s is %q: it must be %s", name, v, orList(allowed))}
	}}
}

// endings are those that a format's files have.
var endings = map[string]string{
	".pt": "pt", ".pth": "pt", ".safetensors": "safetensors", ".torchscript": "torchscript", ".ts": "torchscript", ".onnx": "onnx",
}

// chooseFormat takes the format from the name of the file where no flag says it, and refuses a name that says another.
func (e *exportConfig) chooseFormat() error {
	named, known := endings[strings.ToLower(filepath.Ext(e.out))]
	switch {
	case e.out == "":
		return nil // validate says so
	case e.format == "" && !known:
		return fmt.Errorf("--out %s: its ending names no format: end it in .pt, .safetensors, .torchscript or .onnx, or add --format", e.out)
	case e.format == "":
		e.format = named
	case known && named != e.format:
		return fmt.Errorf("--out %s: its ending says %s, --format says %s: change one of them", e.out, named, e.format)
	}
	return nil
}

func (e exportConfig) validate(arguments int) error {
	program := e.format == "torchscript" || e.format == "onnx"
	switch {
	case arguments != 1:
		return errors.New("export takes one RUN_OR_FILE: cgan export runs/00000-mnist --format pt --out generator.pt")
	case e.out == "":
		return errors.New("--out is missing: name the file to write")
	case program && e.net != "generator":
		return fmt.Errorf("--net %s: %s holds the generator alone", e.net, e.format)
	case program && e.dtype != "f32":
		return fmt.Errorf("--dtype %s: %s is written as f32", e.dtype, e.format)
	}
	return nil
}

func (e exportConfig) run(c *cli.Context) error {
	w, err := openWeights(c, e.from)
	if err != nil {
		return err
	}
	write, err := e.writer(w)
	if err != nil {
		return ofArch(c, err)
	}
	if err = atomicfile.Write(e.out, e.force, write); errors.Is(err, fs.ErrExist) {
		return usageError{fmt.Errorf("--out %s exists already: name another file, or replace it by --force", e.out)}
	}
	return err
}

// writer checks the weights by loading them, and gives what writes them.
func (e exportConfig) writer(w *models.Weights) (func(io.Writer) error, error) {
	if e.format == "torchscript" || e.format == "onnx" {
		return e.program(w)
	}
	states, err := e.states(w)
	if err != nil {
		return nil, err
	}
	if e.format == "safetensors" {
		return func(to io.Writer) error { return safetensors.Write(to, joined(states), metadata(w.Config, w.Classes)) }, nil
	}
	return func(to io.Writer) error {
		return pt.Write(to, filepath.Base(e.out), nested(states), metadata(w.Config, w.Classes))
	}, nil
}

// program writes the generator as a program into memory.
func (e exportConfig) program(w *models.Weights) (func(io.Writer) error, error) {
	g, err := w.LoadGenerator()
	if err != nil {
		return nil, err
	}
	defer g.Free()
	var out bytes.Buffer
	if e.format == "onnx" {
		err = export.ONNX(&out, g, w.Config, metadata(w.Config, w.Classes))
	} else {
		var archive []byte
		archive, err = export.TorchScript(g)
		out.Write(archive)
	}
	return func(to io.Writer) error { _, err := to.Write(out.Bytes()); return err }, err
}

// states gives the wanted nets' state dicts in PyTorch's order and the wanted type.
func (e exportConfig) states(w *models.Weights) (map[string]weights.StateDict, error) {
	states := map[string]weights.StateDict{}
	if e.net != "discriminator" {
		g, err := w.LoadGenerator()
		if err != nil {
			return nil, err
		}
		defer g.Free()
		if states["generator"], err = models.StateDict(g.StateDict()); err != nil {
			return nil, err
		}
	}
	if e.net != "generator" {
		d, err := w.LoadDiscriminator()
		if err != nil {
			return nil, err
		}
		defer d.Free()
		if states["discriminator"], err = models.StateDict(d.StateDict()); err != nil {
			return nil, err
		}
	}
	for _, state := range states {
		for i, entry := range state {
			if !entry.DType.IsFloat() {
				continue
			}
			t, err := entry.Convert(exportTypes[e.dtype])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", entry.Key, err)
			}
			if t.DType.HasNonFinite(t.Data) && !entry.DType.HasNonFinite(entry.Data) {
				return nil, fmt.Errorf("%s holds values that are too large for --dtype %s: take another", weights.Show(entry.Key), e.dtype)
			}
			state[i].Tensor = t
		}
	}
	return states, nil
}

// nested is one state dict itself, or all under their names.
func nested(states map[string]weights.StateDict) weights.Value {
	all := &weights.Dict{}
	for _, name := range []string{"generator", "discriminator"} {
		if state, ok := states[name]; ok {
			if len(states) == 1 {
				return state
			}
			all.Set(name, state)
		}
	}
	return all
}

// joined is one state dict itself, or all with their names before the keys.
func joined(states map[string]weights.StateDict) (all weights.StateDict) {
	for _, name := range []string{"generator", "discriminator"} {
		for _, entry := range states[name] {
			if len(states) > 1 {
				entry.Key = name + "." + entry.Key
			}
			all = append(all, entry)
		}
	}
	return all
}

// metadata says architecture and classes in the formats that have a place for it. Networks that are given as data go with it, so
// that they are given once.
func metadata(c models.Config, classes models.Classes) map[string]string {
	m := map[string]string{
		"architecture": "conditional DCGAN", "nz": strconv.Itoa(c.Noise), "ngf": strconv.Itoa(c.NgF), "ndf": strconv.Itoa(c.NdF),
		"channels": strconv.Itoa(c.Channels), "size": strconv.Itoa(c.Size), "classes": strconv.Itoa(c.Classes), models.ClassNames: classes.JSON(),
	}
	if c.Arch != nil {
		m[models.ArchText] = string(arch.Write(c.Arch))
		for _, articles := range []string{"architecture", "ngf", "ndf"} {
			delete(m, articles)
		}
	}
	return m
}
