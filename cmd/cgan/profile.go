package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/urfave/cli/v2"
)

// profileFlag goes before the command.
func profileFlag() cli.Flag {
	return &cli.StringFlag{
		Name:  "cpuprofile",
		Usage: "write where Go spends its time to `FILE`, for go tool pprof; perf sees into the kernels too",
	}
}

// profile makes the app write a CPU profile where the flag asks for one.
func profile(app *cli.App) {
	var file *os.File
	app.Flags = append(app.Flags, profileFlag())
	app.Before = func(c *cli.Context) (err error) {
		if c.String("cpuprofile") == "" {
			return nil
		}
		if file, err = os.Create(c.String("cpuprofile")); err == nil {
			err = pprof.StartCPUProfile(file)
		}
		if err != nil {
			return usageError{fmt.Errorf("--cpuprofile: %w", err)}
		}
		return nil
	}
	app.After = func(*cli.Context) error {
		if file == nil {
			return nil
		}
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			return errors.Join(errors.New("the CPU profile is not whole"), err)
		}
		return nil
	}
}
