package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cgan/bindings/kernels"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/train/benchmark"
	"cgan/train/dataset"

	"github.com/urfave/cli/v2"
)

// diagnosis is all that doctor finds.
type diagnosis struct {
	torch.Info
	Why      string       `json:"threads_why"`
	Rates    []threadRate `json:"threads_rates,omitempty"` // the fewest first
	Shared   string       `json:"hyperthreads,omitempty"`
	Level2   string       `json:"level2_cache"`
	Program  string       `json:"program"`
	Kernels  []kernelsRow `json:"kernels"` // the fastest first
	BLAS     string       `json:"blas"`
	CUDA     string       `json:"cuda"`     // the device, or "no" and the reason
	MNIST    string       `json:"mnist"`    // its folder, or "no" and the reason
	Training string       `json:"training"` // "works", or "no" and the reason
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
			if wrong := (usageError{}); errors.As(failure, &wrong) {
				return failure
			}
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

// kernelsRow is a set of fast kernels.
type kernelsRow struct {
	Name  string `json:"name"`
	Taken bool   `json:"taken"`           // where nothing else is asked for
	Lacks string `json:"lacks,omitempty"` // why it can't run here
}

// kernelsText says which set is taken, and of those that are faster why not.
func kernelsText(rows []kernelsRow) string {
	var notes []string
	for _, r := range rows {
		if r.Lacks != "" {
			notes = append(notes, fmt.Sprintf("no %s: %s", r.Name, r.Lacks))
		}
		if r.Taken {
			return strings.Join(append([]string{r.Name}, notes...), "; ")
		}
	}
	return strings.Join(append([]string{"none, PyTorch's ops are taken"}, notes...), "; ")
}

// examine gives what it found, and the error for which training would not work.
func examine(ctx context.Context) (d diagnosis, err error) {
	how := models.Compute{Kernels: os.Getenv(kernelsVar)}
	if err := how.Validate(); err != nil {
		return d, usage(err)
	}
	threads, err := setThreads(0)
	if err != nil {
		return d, err
	}
	device, noCUDA := torch.AutoDevice()
	if d.Info, err = torch.Runtime(); err != nil {
		return d, err
	}
	if program, err := os.Executable(); err == nil && besides(d.Library, program) {
		d.Found = "beside the program"
	}
	d.Why, d.Shared, d.Level2 = threads.Why, thisHost().shared(), thisHost().level2()
	if set := how.KernelSet(); set != nil {
		for _, n := range threads.worthTrying(d.Shared, thisHost().cores) {
			d.Rates = append(d.Rates, threadRate{n, set.Peak(false, n)})
		}
	}
	d.BLAS, d.Program = blas(d.Config), version()
	for _, e := range kernels.All() {
		d.Kernels = append(d.Kernels, kernelsRow{e.Name, e.Set != nil && e.Set == how.KernelSet(), e.Lacks})
	}
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

// besides reports whether a library lies in the lib folder beside the program's bin, as a release has it.
func besides(library, program string) bool {
	if whole, err := filepath.EvalSymlinks(program); err == nil { // as /usr/bin/cgan is one
		program = whole
	}
	return filepath.Dir(filepath.Clean(library)) == filepath.Join(filepath.Dir(program), "..", "lib")
}

func (d diagnosis) print(w io.Writer) (err error) {
	for _, row := range []struct{ name, value string }{
		{"cgan", d.Program},
		{"libtorch", fmt.Sprintf("%s, C++11 ABI %d", d.Version, d.ABI)},
		{"library", d.Library},
		{"found", d.Found},
		{"CPU", d.Capability + " kernels"},
		{"kernels", kernelsText(d.Kernels)},
		{"L2 cache", d.Level2},
		{"threads", d.threadsText()},
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

// threadsText says how many threads there are, why, and by measurement what they are worth: two hyperthreads of one core
// are no two cores. It only says so: results that rest on a stopwatch would differ from run to run.
func (d diagnosis) threadsText() string {
	text := fmt.Sprintf("%d: %s", d.Threads, d.Why)
	if d.Shared != "" {
		text += "; " + d.Shared
	}
	if len(d.Rates) < 2 {
		return text
	}
	here := d.Rates[slices.IndexFunc(d.Rates, func(r threadRate) bool { return r.Threads == d.Threads })]
	text += fmt.Sprintf("; measured: %.1f times as fast as one", here.GFLOPS/d.Rates[0].GFLOPS)
	if best := fewestOfFastest(d.Rates); best.Threads < here.Threads {
		text += fmt.Sprintf(", and --threads %d as fast as all: hyperthreads, or a busy machine", best.Threads)
	} else if best.Threads > here.Threads {
		text += fmt.Sprintf(", and --threads %d %.1f times as fast as that", best.Threads, best.GFLOPS/here.GFLOPS)
	}
	return text
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
