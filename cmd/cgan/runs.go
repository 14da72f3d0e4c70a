package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"cgan/models"
	"cgan/train"
	"cgan/train/runfolder"
	"cgan/weights"

	"github.com/urfave/cli/v2"
)

func runsCommand() *cli.Command {
	return &cli.Command{
		Name:      "runs",
		Usage:     "list the runs in a folder: state, losses, last checkpoint, size",
		ArgsUsage: "[DIR]",
		Description: "A run is running, finished, diverged, or interrupted: then train --resume goes on with it. DIR is\n" +
			"where train --out puts runs, without it \"" + train.Default().Out + "\".",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}},
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return usageError{fmt.Errorf("runs takes one DIR: what is %q?", c.Args().Get(1))}
			}
			dir := train.Default().Out
			if c.NArg() == 1 {
				dir = c.Args().First()
			}
			all, err := listRuns(dir)
			if err != nil {
				return err
			}
			if c.Bool("json") {
				return printJSON(c, all)
			}
			return printRuns(c.App.Writer, dir, all)
		},
	}
}

// runReport is what runs says of a run.
type runReport struct {
	Run string `json:"run"` // its folder
	runfolder.Status
	Last       *runfolder.Stats `json:"last,omitempty"` // the last line of stats.jsonl
	Checkpoint string           `json:"checkpoint"`     // the last one, or nothing
	Bytes      int64            `json:"bytes"`
}

func listRuns(dir string) ([]runReport, error) {
	folders, err := runfolder.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("there is no such folder")
	}
	if err != nil {
		return nil, &weights.FormatError{File: dir, Reason: err.Error() + ": name one that holds runs"}
	}
	all := []runReport{} // of no run an empty list
	for _, folder := range folders {
		r := runReport{Run: folder, Status: runfolder.ReadStatus(folder), Bytes: runfolder.Size(folder)}
		if last, ok := runfolder.LastStats(folder); ok {
			r.Last = &last
		}
		if paths, err := models.Checkpoints(folder); err == nil && len(paths) > 0 {
			r.Checkpoint = paths[0]
		}
		all = append(all, r)
	}
	return all, nil
}

// printRuns prints a line a run, with its name, which may be long, at the end.
func printRuns(w io.Writer, dir string, all []runReport) error {
	if len(all) == 0 {
		_, err := fmt.Fprintf(w, "no runs in %s\n", dir)
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "STATE\tEPOCH\tSTEP\tLOSS_D\tLOSS_G\tSAVED\tSIZE\tRUN")
	for _, r := range all {
		epoch, step, lossD, lossG, saved := "-", "-", "-", "-", "-"
		if s := r.Last; s != nil {
			epoch, step = fmt.Sprintf("%d%s", s.Epoch, of(r.Epochs)), fmt.Sprintf("%d%s", s.Step, of(r.Steps))
			lossD, lossG = fmt.Sprintf("%.3f", s.LossD), fmt.Sprintf("%.3f", s.LossG)
		}
		if r.Checkpoint != "" { // its step
			saved = strings.TrimLeft(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(r.Checkpoint), "checkpoint-"), ".pt"), "0")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.State, epoch, step, lossD, lossG, saved, size(r.Bytes), r.Run)
	}
	return table.Flush()
}

// of is "/20" where it is known of how many.
func of(all int) string {
	if all == 0 {
		return ""
	}
	return fmt.Sprintf("/%d", all)
}

// size is bytes for people.
func size(bytes int64) string {
	if bytes < 1e9 {
		return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(bytes)/1e9)
}
