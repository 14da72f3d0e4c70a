package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cgan/models"
	"cgan/models/arch"
	"cgan/weights"

	"github.com/urfave/cli/v2"
)

// archFlag says what the networks in a weights file are, where the file does not.
func archFlag() cli.Flag {
	return &cli.StringFlag{Name: "arch", Usage: "take the networks of an arch `FILE`, YAML, in the place of the article's; cgan inspect WEIGHTS --arch prints one"}
}

func mapFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "map", Usage: "take the keys that are or begin with OLD as `OLD=NEW`, where * is any text; may be given several times"}
}

// givenArch is what --arch and --map say; nil for nothing.
func givenArch(c *cli.Context) (*arch.File, error) {
	rules, err := mapRules(c)
	if err != nil {
		return nil, err
	}
	path, isFile := c.Value("arch").(string) // of inspect it is no file
	if !isFile {
		path = ""
	}
	if path == "" && len(rules) == 0 {
		return nil, nil
	}
	f := &arch.File{}
	if path != "" {
		if f, err = readArch(path); err != nil {
			return nil, fmt.Errorf("--arch %w", err)
		}
	}
	f.Map = append(f.Map, rules...)
	return f, nil
}

// ofArch is err with the arch file whose lines it names.
func ofArch(c *cli.Context, err error) error {
	if path := c.String("arch"); path != "" {
		return fmt.Errorf("%w (--arch %s)", err, path)
	}
	return err
}

// mapRules reads --map.
func mapRules(c *cli.Context) (rules []arch.Rename, err error) {
	for _, text := range c.StringSlice("map") {
		if text == "" { // an empty list
			continue
		}
		from, to, ok := strings.Cut(text, "=")
		if !ok || from == "" {
			return nil, usageError{fmt.Errorf("--map %s: write OLD=NEW, such as gen.fc=model", text)}
		}
		rules = append(rules, arch.Rename{From: from, To: to})
	}
	return rules, nil
}

const maxArch = 1 << 20 // bytes, so that another file is not read whole

// readArch reads an arch file and sees that the networks in it fit.
func readArch(path string) (*arch.File, error) {
	refuse := func(err error) error { return &weights.FormatError{File: path, Reason: err.Error()} }
	file, err := os.Open(path)
	if err != nil {
		return nil, refuse(errors.Unwrap(err))
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxArch+1))
	if err != nil {
		return nil, refuse(err)
	}
	if len(text) > maxArch {
		return nil, refuse(fmt.Errorf("has more than %d bytes: it is no arch file", maxArch))
	}
	f, err := arch.Read(text)
	if err != nil {
		return nil, refuse(err)
	}
	return f, nil
}

// isArchFile says that a path is to be read as an arch file.
func isArchFile(path string) bool {
	ending := strings.ToLower(filepath.Ext(path))
	return ending == ".yaml" || ending == ".yml"
}

// networksOf are the networks of an arch file or of weights, with the rules for the keys of these, for people to look at.
func networksOf(c *cli.Context, path string) (*arch.File, error) {
	if isArchFile(path) {
		return readArch(path)
	}
	rules, err := mapRules(c)
	if err != nil {
		return nil, err
	}
	file, err := models.OpenFile(path)
	if err != nil {
		return nil, err
	}
	w, err := models.Find(file, c.String("key"), &arch.File{Map: rules})
	if err != nil {
		return nil, err
	}
	if reference := c.String("compare-with"); reference != "" {
		if err := settle(c, w, reference); err != nil {
			return nil, err
		}
	}
	f, err := w.Config.Networks()
	if err != nil {
		return nil, err
	}
	if w.Discriminator == nil {
		f.Discriminator = nil
	}
	f.Map = rules
	return f, nil
}

// inspectArch prints the networks of path as an arch file.
func inspectArch(c *cli.Context, path string) error {
	f, err := networksOf(c, path)
	if err != nil {
		return err
	}
	_, err = c.App.Writer.Write(arch.Write(f))
	return err
}

// inspectPython prints the networks of path as modules in Python.
func inspectPython(c *cli.Context, path string) error {
	f, err := networksOf(c, path)
	if err != nil {
		return err
	}
	text := f.Generator.Python("Generator")
	if f.Discriminator != nil {
		text += "\n\n" + f.Discriminator.Python("Discriminator")
	}
	_, err = fmt.Fprint(c.App.Writer, text)
	return err
}

// inspectNetworks prints the layers of an arch file's networks.
func inspectNetworks(c *cli.Context, path string) error {
	f, err := readArch(path)
	if err != nil {
		return err
	}
	cfg, err := models.ConfigOfArch(f)
	if err != nil {
		return &weights.FormatError{File: path, Reason: err.Error()}
	}
	return showSummaries(c, cfg)
}
