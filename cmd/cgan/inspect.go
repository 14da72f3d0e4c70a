package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"cgan/models"
	"cgan/train"

	"github.com/urfave/cli/v2"
)

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "print the layers of both networks, or what a weights file holds",
		ArgsUsage: "[RUN_OR_FILE]",
		Description: "RUN_OR_FILE may also be an arch file, ending in .yaml: its networks are printed then.\n" +
			"An arch file has the layers of a generator, and perhaps of a discriminator, as calls with torch.nn's names.",
		Flags: append(sizeFlags(train.Default()),
			sizeFlag(train.Default()), channelsFlag(), keyFlag(),
			&cli.BoolFlag{Name: "arch", Usage: "print the networks of RUN_OR_FILE as an arch file; what its keys and shapes do not tell is marked with # ?"},
			&cli.StringFlag{Name: "compare-with", Usage: "with --arch: look for what draws the images that a Python program drew, an .npz `FILE` with noise, labels and images"},
			&cli.BoolFlag{Name: "as-python", Usage: "print the networks of RUN_OR_FILE as modules in Python, whose state_dict has the same keys"},
			mapFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		),
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return usageError{fmt.Errorf("inspect takes one RUN_OR_FILE: what is %q?", c.Args().Get(1))}
			}
			file := c.Args().First()
			switch {
			case c.Bool("arch") && c.Bool("as-python"):
				return usageError{errors.New("--arch and --as-python are two ways to print the same networks: give one of them")}
			case c.IsSet("compare-with") && (!c.Bool("arch") || isArchFile(file)):
				return usageError{errors.New("--compare-with is for inspect WEIGHTS --arch: cgan generate --compare-with compares what an arch file draws")}
			case file == "" && (c.Bool("arch") || c.Bool("as-python")):
				return usageError{errors.New("name the RUN_OR_FILE whose networks are to be printed")}
			case c.Bool("arch"):
				return inspectArch(c, file)
			case c.Bool("as-python"):
				return inspectPython(c, file)
			case isArchFile(file):
				return inspectNetworks(c, file)
			case file != "":
				return inspectFile(c, file)
			}
			cfg, err := trainConfig(c)
			if err != nil {
				return err
			}
			cfg.Channels = max(1, cfg.Channels)
			return showSummaries(c, cfg.Config)
		},
	}
}

// showSummaries prints the layers of the networks of these sizes.
func showSummaries(c *cli.Context, sizes models.Config) error {
	summaries, err := models.Summarize(sizes)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, summaries)
	}
	for _, s := range summaries {
		if err := printSummary(c.App.Writer, s); err != nil {
			return err
		}
	}
	return nil
}

func printSummary(w io.Writer, s models.Summary) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s, input %s\n", s.Net, shape(s.Input))
	fmt.Fprintln(table, "Layer\tOutput\tParameters\t")
	for _, l := range s.Layers {
		fmt.Fprintf(table, "%s\t%s\t%s\t\n", l.Name, shape(l.Output), thousands(l.Parameters))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "Parameters, all trainable: %s\n"+
		"Input %.2f MB, forward/backward %.2f MB per image, parameters %.2f MB, estimated total %.2f MB\n\n",
		thousands(s.Parameters), s.InputMB, s.ForwardMB, s.ParametersMB, s.EstimatedMB)
	return err
}

// shape writes [512 3 3] as 512x3x3.
func shape(sizes []int64) string {
	return strings.Join(strings.Fields(strings.Trim(fmt.Sprint(sizes), "[]")), "x")
}

// thousands writes 507392 as 507,392.
func thousands(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
