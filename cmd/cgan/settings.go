package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"cgan/train"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"
)

const configVar = "CGAN_CONFIG"

// configFlags are for a command whose other flags may be given by variables and by a file too.
func configFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "take settings from `FILE`, YAML with a line such as save-every: 10m for a flag"},
		&cli.BoolFlag{Name: "print-config", Usage: "print all settings that result, as a file for --config, and end"},
	}
}

// place is where a value is given. A higher rank comes before a lower one.
type place struct {
	rank int
	name string // such as CGAN_BATCH
}

const (
	nowhere = iota
	inFile
	inVariable
	onCommandLine
)

// givenIn says where the value of a flag is given.
func givenIn(c *cli.Context, flag string) place {
	if from, ok := c.App.Metadata[flag].(place); ok {
		return from
	}
	if c.IsSet(flag) {
		return place{onCommandLine, "--" + flag}
	}
	return place{nowhere, "the default of --" + flag}
}

// variableOf is the variable that gives a flag, --save-every's is CGAN_SAVE_EVERY.
func variableOf(flag string) string {
	return "CGAN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// settable are the flags that variables and a file may give.
func settable(c *cli.Context) (all []cli.Flag) {
	for _, f := range c.Command.Flags {
		if !slices.Contains([]string{"config", "print-config", "help"}, f.Names()[0]) {
			all = append(all, f)
		}
	}
	return all
}

// takeSettings gives the flags that are not on the command line what their variables say, and else what the file of --config
// says.
func takeSettings(c *cli.Context) error {
	flags := settable(c)
	for _, f := range flags {
		variable := variableOf(f.Names()[0])
		if value := os.Getenv(variable); value != "" {
			if err := give(c, f, value, place{inVariable, variable}); err != nil {
				return err
			}
		}
	}
	sayNear(c, flags)
	file := c.String("config")
	if !c.IsSet("config") {
		file = os.Getenv(configVar)
	}
	if file == "" {
		return nil
	}
	settings, err := readSettings(file)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", file, err)}
	}
	for _, s := range settings {
		line := fmt.Sprintf("%s, line %d", file, s.line)
		at := slices.IndexFunc(flags, func(f cli.Flag) bool { return f.Names()[0] == s.name })
		if at < 0 {
			nearest := strings.TrimLeft(cli.SuggestFlag(flags, s.name, true), "-")
			return usageError{fmt.Errorf("%s: there is no setting %q: the nearest is %s", line, s.name, nearest)}
		}
		if _, several := flags[at].(*cli.StringSliceFlag); s.list && !several {
			return usageError{fmt.Errorf("%s: %s is a list, but takes one value", line, s.name)}
		}
		if err := give(c, flags[at], s.value, place{inFile, line + ": " + s.name}); err != nil {
			return err
		}
	}
	return nil
}

// sayNear tells of a variable that is almost a flag's, such as CGAN_EPOCH or CGAN_BATCH_SIZE.
func sayNear(c *cli.Context, flags []cli.Flag) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		near := slices.IndexFunc(flags, func(f cli.Flag) bool {
			variable := variableOf(f.Names()[0])
			return variable+"S" == name || name+"S" == variable || strings.HasPrefix(name, variable+"_")
		})
		exact := slices.ContainsFunc(flags, func(f cli.Flag) bool { return variableOf(f.Names()[0]) == name })
		if near >= 0 && !exact {
			fmt.Fprintf(c.App.ErrWriter, "notice: %s is the variable of no flag: is %s meant?\n", name, variableOf(flags[near].Names()[0]))
		}
	}
}

// give sets a flag, unless a higher place has given it, and has it check the value.
func give(c *cli.Context, f cli.Flag, value string, from place) error {
	name := f.Names()[0]
	if givenIn(c, name).rank > from.rank {
		return nil
	}
	if err := c.Set(name, value); err != nil {
		return usageError{fmt.Errorf("%s: invalid value %q: %s", from.name, value, strings.Replace(err.Error(), "parse error", "it is not a value of the right kind", 1))}
	}
	c.App.Metadata[name] = from
	if f, ok := f.(cli.ActionableFlag); ok {
		if err := f.RunAction(c); err != nil {
			return usageError{fmt.Errorf("%s: %w", from.name, err)}
		}
	}
	return nil
}

// entry is a value in a file.
type entry struct {
	name, value string
	list        bool
	line        int
}

const maxSettings = 1 << 20 // bytes, so that another file is not read whole

// readSettings reads a YAML file of one mapping from names to values or, for what may be given several times, lists.
func readSettings(path string) ([]entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // the caller names the file
	}
	defer file.Close()
	var document yaml.Node
	decoder := yaml.NewDecoder(io.LimitReader(file, maxSettings))
	if err := decoder.Decode(&document); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: it must hold lines such as batch: 64", root.Line)
	}
	if decoder.Decode(new(yaml.Node)) != io.EOF {
		return nil, errors.New("it must hold one document, without a second one after ---")
	}
	var all []entry
	for i := 0; i < len(root.Content); i += 2 {
		key := root.Content[i]
		if slices.ContainsFunc(all, func(e entry) bool { return e.name == key.Value }) {
			return nil, fmt.Errorf("line %d: %s is there twice", key.Line, key.Value)
		}
		value, err := textOf(root.Content[i+1])
		if err != nil {
			return nil, fmt.Errorf("line %d: %s %w", key.Line, key.Value, err)
		}
		all = append(all, entry{key.Value, value, root.Content[i+1].Kind == yaml.SequenceNode, key.Line})
	}
	return all, nil
}

// textOf is a value as a flag takes it.
func textOf(value *yaml.Node) (string, error) {
	switch {
	case value.Kind == yaml.SequenceNode:
		var parts []string
		for _, part := range value.Content {
			text, err := textOf(part)
			if err != nil {
				return "", err
			}
			parts = append(parts, text)
		}
		return strings.Join(parts, ","), nil
	case value.Kind != yaml.ScalarNode:
		return "", errors.New("holds more than a value")
	case value.Tag == "!!null":
		return "", errors.New("has no value")
	}
	return value.Value, nil
}

// printConfig prints the settings of a training as a file for --config.
func printConfig(c *cli.Context, cfg train.Config) error {
	values := fields(cfg)
	delete(values, "arch") // the networks: the flag is where they stand
	file := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range settable(c) {
		name := f.Names()[0]
		if cfg.Arch != nil && slices.Contains(articleSizes, name) {
			continue
		}
		value, ok := values[strings.ReplaceAll(name, "-", "_")]
		if !ok { // it is how to run, not what
			said := c.Value(name)
			if _, several := f.(*cli.StringSliceFlag); several {
				said = slices.DeleteFunc(c.StringSlice(name), func(s string) bool { return s == "" }) // of an empty list
			}
			if d, ok := said.(time.Duration); ok {
				said = d.String()
			}
			text, err := json.Marshal(said)
			if err != nil {
				return err
			}
			value = string(text)
		}
		if value == "null" {
			value = "[]"
		}
		var node yaml.Node
		if err := yaml.Unmarshal([]byte(value), &node); err != nil { // JSON is YAML
			return err
		}
		for _, n := range append(node.Content[0].Content, node.Content[0]) {
			n.Style = 0 // quoted only where it must be
		}
		file.Content = append(file.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, node.Content[0])
	}
	text, err := yaml.Marshal(file)
	if err == nil {
		_, err = c.App.Writer.Write(text)
	}
	return err
}
