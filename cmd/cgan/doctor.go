package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"cgan/bindings/torch"
	"cgan/train"

	"github.com/urfave/cli/v2"
)

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:        "doctor",
		Usage:       "say whether training would work here, and on what",
		Description: "Looks at libtorch, the CPU, CUDA and MNIST, which it fetches where it is missing, and\ntrains one small step. Exit code 0 only when all that training needs is there.",
		Action: func(c *cli.Context) error {
			return examine(c.Context, c.App.Writer)
		},
	}
}

func examine(ctx context.Context, w io.Writer) error {
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	info, err := torch.Runtime()
	if err != nil {
		return err
	}
	row("libtorch", "%s, C++ ABI %d", info.Version, info.ABI)
	row("path", "%s", info.Dir)
	row("found", "%s", info.Found)
	row("CPU", "%s kernels", info.Capability)
	row("threads", "%d", info.Threads)
	row("BLAS", "%s", blas(info.Config))
	if device, err := torch.AutoDevice(); err != nil {
		row("CUDA", "no: %s", strings.TrimPrefix(err.Error(), "CUDA: "))
	} else {
		row("CUDA", "yes, %s", device)
	}
	dir, err := train.MNIST(ctx, func(text string) { row("MNIST", "%s", text) })
	if err != nil {
		row("MNIST", "no: %v", err)
		return fmt.Errorf("training would not work: %w", err)
	}
	row("MNIST", "%s", dir)
	if err := train.TrySmallStep(ctx, dir); err != nil {
		row("training", "no: %v", err)
		return fmt.Errorf("training would not work: %w", err)
	}
	row("training", "works: one small step was trained")
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
