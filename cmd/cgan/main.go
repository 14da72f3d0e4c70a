// Command cgan trains, draws with and inspects the conditional DCGAN.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train"
	"cgan/train/dataset"
	"cgan/weights"

	"github.com/urfave/cli/v2"
)

// The exit codes, all of them.
const (
	exitOK       = 0
	exitFailure  = 1   // something went wrong that the message explains
	exitUsage    = 2   // a command, flag or value that does not exist or is out of range
	exitData     = 3   // a data or weights file is missing, damaged or of the wrong kind
	exitNoCUDA   = 4   // --device cuda, but CUDA can't be used here
	exitDiverged = 5   // training came to numbers that are none; the last good checkpoint stands
	exitSignal   = 128 // and the signal's number: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP; what was trained is saved
)

// usageError is a mistake on the command line.
type usageError struct{ error }

// usage is err as a mistake on the command line: a field's error names its flag.
func usage(err error) error { return usageError{flagged(err)} }

// flagged is err with the flag of the field that it names.
func flagged(err error) error {
	var data *dataset.DataError
	if errors.As(err, &data) && data.Field != "" {
		return fmt.Errorf("%w (--%s)", err, flagOf(data.Field))
	}
	var option *dataset.OptionError
	if errors.As(err, &option) {
		return errors.New("--" + flagOf(option.Field) + " " + option.Problem)
	}
	var field *models.FieldError
	if !errors.As(err, &field) {
		return err
	}
	name := "--" + flagOf(field.Field)
	if field.Field == "kernels" { // which has no flag
		name = kernelsVar
	}
	return errors.New(name + " " + field.Problem)
}

// flagOf is the flag of a field of config.json.
func flagOf(field string) string { return strings.ReplaceAll(field, "_", "-") }

// fieldOf is the field of a flag.
func fieldOf(flag string) string { return strings.ReplaceAll(flag, "-", "_") }

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	hangup := &onHangup{}
	ctx, stop := untilSignal(stderr, hangup)
	defer stop()
	app := newApp(stdout, stderr)
	if len(args) > 1 && args[1] == completeCommand {
		complete(app, args[2:], stdout)
		return exitOK
	}
	app.Metadata = map[string]any{"program": args[0], "hangup": hangup}
	err := app.RunContext(ctx, flagsFirst(app, helpAsFlag(app, args)))
	if end := (interruption{}); errors.Is(err, context.Canceled) && !errors.As(err, &end) {
		err = interrupted(ctx)
	}
	if err != nil {
		fmt.Fprintln(stderr, "cgan:", oneLine(err))
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var usage usageError
	var data *dataset.DataError
	var format *weights.FormatError
	var cuda *torch.CUDAError
	var diverged *train.DivergedError
	var end interruption
	var process processError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &end):
		return exitSignal + int(end.Signal)
	case errors.As(err, &process):
		return process.code
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &cuda):
		return exitNoCUDA
	case errors.As(err, &diverged):
		return exitDiverged
	case errors.As(err, &data), errors.As(err, &format):
		return exitData
	}
	return exitFailure
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

func newApp(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:            "cgan",
		Usage:           "a conditional DCGAN on libtorch: train it, draw with it, look into it",
		Writer:          stdout,
		ErrWriter:       stderr,
		HideHelpCommand: true,
		Version:         version(),
		Commands: []*cli.Command{
			dataCommand(), trainCommand(), runsCommand(), generateCommand(), serveCommand(), exportCommand(), inspectCommand(), judgeCommand(), evalCommand(),
			benchCommand(), doctorCommand(), completionCommand(), helpCommand(), manCommand(),
		},
		ExitErrHandler: func(*cli.Context, error) {}, // run prints the error and picks the code
		OnUsageError:   onUsageError,
		Action:         noCommand,
	}
	profile(app)
	app.Flags = append(app.Flags, cli.HelpFlag) // which cli leaves out beside a command of that name
	prepare(app.Commands)
	return app
}

// prepare gives commands what all have.
func prepare(commands []*cli.Command) {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		switch {
		case len(c.Subcommands) > 0:
			c.Action = noSubcommand
		case c.ArgsUsage == "":
			c.Before = noArguments
		}
		c.HideHelpCommand = true
		prepare(c.Subcommands)
	}
}

// noSubcommand is the action of a command that does nothing itself.
func noSubcommand(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("there is no command %q: cgan %s --help lists them", c.Command.Name+" "+c.Args().First(), c.Command.Name)}
	}
	return cli.ShowSubcommandHelp(c)
}

func noCommand(c *cli.Context) error {
	if c.NArg() > 0 {
		name, meant := c.Args().First(), ""
		if near := nearCommand(c.App.Commands, name); near != "" {
			meant = fmt.Sprintf("did you mean %q? ", near)
		}
		return usageError{fmt.Errorf("there is no command %q: %scgan --help lists them", name, meant)}
	}
	return cli.ShowAppHelp(c)
}

// nearCommand is the command that a mistyped or shortened name is likely to mean, or the flag where it is one; "" for none.
func nearCommand(commands []*cli.Command, name string) string {
	if name == "version" {
		return "cgan --version"
	}
	letters := func(word string) string {
		sorted := []byte(word)
		slices.Sort(sorted)
		return string(sorted)
	}
	names := commandNames(commands)
	for _, n := range names {
		if len(name) > 1 && strings.HasPrefix(n, name) || strings.HasPrefix(name, n) || letters(n) == letters(name) {
			return n
		}
	}
	return weights.Nearest(name, names)
}

func noArguments(c *cli.Context) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("%s takes no argument %q: cgan %[1]s --help lists its flags", c.Command.Name, c.Args().First())}
	}
	return nil
}

// onUsageError rewords the flag package's messages, which name a flag with one dash.
func onUsageError(c *cli.Context, err error, _ bool) error {
	text := err.Error()
	const unknown = "flag provided but not defined: -"
	if name, ok := strings.CutPrefix(text, unknown); ok {
		text += ": the nearest is -" + cli.SuggestFlag(c.Command.Flags, strings.TrimLeft(name, "-"), true)
	}
	text = strings.Replace(text, unknown, "there is no flag --", 1)
	text = strings.Replace(text, "flag needs an argument: -", "a value is missing after --", 1)
	text = strings.Replace(text, " for flag -", " for --", 1)
	text = strings.Replace(text, ": parse error", ": it is not a number of the right kind", 1)
	return usageError{fmt.Errorf("%s (see %s --help)", strings.ReplaceAll(text, "---", "--"), c.Command.HelpName)}
}
