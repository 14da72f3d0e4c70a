package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"cgan/bindings/torch"
	"cgan/train/benchmark"
	"cgan/train/dataset"

	"github.com/urfave/cli/v2"
)

// diagnosis is all that doctor finds.
type diagnosis struct {
	torch.Info
	BLAS     string `json:"blas"`
	CUDA     string `json:"cuda"`     // the device, or "no" and the reason
	MNIST    string `json:"mnist"`    // its folder, or "no" and the reason
	Training string `json:"training"` // "works", or "no" and the reason
}

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "say whether training would work here, and on what",
		Description: "Looks at libtorch, the CPU, CUDA and MNIST, which it fetches where it is missing, and\n" +
			"trains small networks for a moment. Exit code 0 only when training would work.",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print one JSON object"}},
		Action: func(c *cli.Context) error {
			d, failure := examine(c.Context)
			if c.Bool("json") {
				if err := printJSON(c, d); err != nil {
					return err
				}
			} else if err := d.print(c.App.Writer); err != nil {
				return err
			}
			return failure
		},
	}
}

// examine gives what it found, and the error for which training would not work.
func examine(ctx context.Context) (d diagnosis, err error) {
	if d.Info, err = torch.Runtime(); err != nil {
		return d, err
	}
	d.BLAS = blas(d.Config)
	device, noCUDA := torch.AutoDevice()
	d.CUDA = device.String()
	if noCUDA != nil {
		d.CUDA = "no: " + strings.TrimPrefix(noCUDA.Error(), "CUDA: ")
	}
	d.MNIST, err = dataset.MNIST(ctx, nil)
	if err == nil {
		err = benchmark.TrySmallSteps(ctx, d.MNIST)
	} else {
		d.MNIST = "no: " + err.Error()
	}
	d.Training = "works"
	if err != nil {
		d.Training = "no: " + err.Error()
		err = fmt.Errorf("training would not work: %w", err)
	}
	return d, err
}

func (d diagnosis) print(w io.Writer) (err error) {
	for _, row := range []struct{ name, value string }{
		{"libtorch", fmt.Sprintf("%s, C++11 ABI %d", d.Version, d.ABI)},
		{"library", d.Library},
		{"found", d.Found},
		{"CPU", d.Capability + " kernels"},
		{"threads", fmt.Sprint(d.Threads)},
		{"BLAS", d.BLAS},
		{"CUDA", d.CUDA},
		{"MNIST", d.MNIST},
		{"training", d.Training},
	} {
		if _, err = fmt.Fprintf(w, "%-10s %s\n", row.name, row.value); err != nil {
			return err
		}
	}
	return nil
}

// blas picks the lines of libtorch's build account that name its math libraries.
func blas(config string) string {
	var found []string
	for _, line := range strings.Split(config, "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "-"))
		if strings.Contains(line, "Math Kernel Library") || strings.HasPrefix(line, "Intel(R) MKL-DNN") {
			found = append(found, line)
		}
	}
	if len(found) == 0 {
		return "libtorch names none"
	}
	return strings.Join(found, "; ")
}
