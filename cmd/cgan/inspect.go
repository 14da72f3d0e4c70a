package main

import (
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
		Flags: append(sizeFlags(train.Default()),
			sizeFlag(train.Default()), channelsFlag(), keyFlag(),
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		),
		Action: func(c *cli.Context) error {
			switch c.NArg() {
			case 0:
			case 1:
				return inspectFile(c, c.Args().First())
			default:
				return usageError{fmt.Errorf("inspect takes one RUN_OR_FILE: what is %q?", c.Args().Get(1))}
			}
			cfg, err := trainConfig(c)
			if err != nil {
				return err
			}
			cfg.Channels = max(1, cfg.Channels)
			summaries, err := models.Summarize(cfg.Config)
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
		},
	}
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
