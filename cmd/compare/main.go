// Command compare runs cgan beside its PyTorch original, train/train.py, on the same libtorch.
//
//	compare parity    the same bits: every loss, parameter and buffer
//	compare bench     the same work, timed in turn; writes BENCHMARKS.md and .github/scaling.png
//	compare ranks     several processes and hosts: what they cost; writes its section of BENCHMARKS.md
//	compare accuracy  the same quality: fast f32 and bf16 learn to draw the asked digit as exact does
//	compare gpu       all of this on CUDA, in the folder that make gpu-kit makes
//	compare before    the speed beside an older build of cgan
//	compare mutants   mistakes that the tests must notice
//	compare letters   a set of letters from fonts, and emoji one of pictures; sets.sh has the packages
//	compare python    the Python that it runs, for tests that exchange files with it
//
// It installs the torch that bin/cgan was built against into a cached virtual environment, from wheels
// pinned by sha256 in requirements-VERSION.txt. PYTHON names the Python 3.11 to make it with.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/urfave/cli/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := newApp().RunContext(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		stop()
		os.Exit(1)
	}
}

func newApp() *cli.App {
	cgan := &cli.StringFlag{Name: "cgan", Usage: "the program to compare, `FILE`", Value: "bin/cgan"}
	python3 := &cli.StringFlag{Name: "python", Usage: "a Python `FILE` that has cgan's torch; without it, one is installed"}
	where := func(c *cli.Context, device string) setting {
		return setting{cgan: c.String("cgan"), python: c.String("python"), device: device}
	}
	return &cli.App{
		Name:            "compare",
		Usage:           "run cgan beside its PyTorch original",
		HideHelpCommand: true,
		ExitErrHandler:  func(*cli.Context, error) {},
		Commands: []*cli.Command{
			{
				Name:   "parity",
				Usage:  "compare every loss, parameter and buffer bit for bit",
				Flags:  []cli.Flag{cgan, python3},
				Action: func(c *cli.Context) error { return parity(c.Context, where(c, "cpu")) },
			},
			{
				Name:  "accuracy",
				Usage: "train exact, f32 and bf16, and count the drawn digits that show their class",
				Flags: []cli.Flag{
					cgan,
					&cli.IntFlag{Name: "epochs", Usage: "passes over MNIST of each training", Value: 2},
					&cli.IntFlag{Name: "seeds", Usage: "trainings of each arithmetic, from seed 0 on", Value: 3},
				},
				Action: func(c *cli.Context) error {
					return accuracy(c.Context, where(c, "cpu"), c.Int("epochs"), c.Int("seeds"))
				},
			},
			{
				Name:  "gpu",
				Usage: "try everything on CUDA and print one table; for the folder that `make gpu-kit` makes",
				Flags: []cli.Flag{
					cgan, python3,
					&cli.StringSliceFlag{Name: "part", Usage: "only this part, " + strings.Join(partNames(), ", ") + "; may be repeated"},
				},
				Action: func(c *cli.Context) error { return gpu(c.Context, where(c, "cuda"), c.StringSlice("part")) },
			},
			{
				Name:      "before",
				Usage:     "time training and drawing in turn with an older build of cgan",
				ArgsUsage: "FILE",
				Flags: []cli.Flag{
					cgan,
					&cli.IntFlag{Name: "rounds", Usage: "runs of each program", Value: 6},
					&cli.IntFlag{Name: "steps", Usage: "timed training steps of each run", Value: 30},
				},
				Action: func(c *cli.Context) error {
					if c.NArg() != 1 {
						return fmt.Errorf("before takes the older program, one FILE")
					}
					return before(c.Context, c.String("cgan"), c.Args().First(), c.Int("rounds"), c.Int("steps"))
				},
			},
			{
				Name:      "survey",
				Usage:     "say of how many weights files in FOLDER cgan draws what the .npz beside each holds",
				ArgsUsage: "FOLDER",
				Flags:     []cli.Flag{cgan},
				Action: func(c *cli.Context) error {
					if c.NArg() != 1 {
						return fmt.Errorf("survey takes one FOLDER of weights and references")
					}
					return survey(c.Context, c.String("cgan"), c.Args().First())
				},
			},
			{
				Name:   "mutants",
				Usage:  "make mistakes in a copy of the checkout, each of which a test must notice",
				Action: func(c *cli.Context) error { return runMutants(c.Context) },
			},
			intoSet("letters", "draw A to Z from the fonts below FROM, a class folder for each letter", letters),
			intoSet("emoji", "sort the pictures of emoji-datasource-twitter, unpacked in FROM, into class folders", emoji),
			{
				Name:      "python",
				Usage:     "print the Python with torch 2.15.0 or 2.1.0, with onnx or tensorboard",
				ArgsUsage: "2.15.0|2.1.0|onnx|tensorboard",
				Action: func(c *cli.Context) error {
					program, err := python(c.Context, c.Args().First())
					if err == nil {
						fmt.Println(program)
					}
					return err
				},
			},
			{
				Name:  "ranks",
				Usage: "time training in several processes and on two hosts, and compute it for more; print and write the report's section",
				Flags: []cli.Flag{
					cgan, python3,
					&cli.IntFlag{Name: "rounds", Usage: "runs of each program", Value: 3},
					&cli.IntFlag{Name: "steps", Usage: "training steps of each run, 5 of which are warm-up", Value: 30},
					&cli.BoolFlag{Name: "quick", Usage: "write no files"},
				},
				Action: func(c *cli.Context) error {
					return compareRanks(c.Context, where(c, "cpu"), c.Int("rounds"), c.Int("steps"), c.Bool("quick"))
				},
			},
			{
				Name:  "bench",
				Usage: "time training, drawing and starting in turn; print and write the report",
				Flags: []cli.Flag{
					cgan,
					&cli.IntFlag{Name: "rounds", Usage: "runs of each program", Value: 3},
					&cli.IntFlag{Name: "steps", Usage: "timed training steps of each run", Value: 15},
					&cli.BoolFlag{Name: "quick", Usage: "one round of 3 steps if nothing else is said; MNIST alone, one form of tuned Python, no files"},
				},
				Action: func(c *cli.Context) error { return bench(c.Context, c.String("cgan"), planOf(c)) },
			},
		},
	}
}

// intoSet is a command that makes a set of images.
func intoSet(name, usage string, do func(from, to string) error) *cli.Command {
	return &cli.Command{Name: name, Usage: usage, ArgsUsage: "FROM TO", Action: func(c *cli.Context) error {
		if c.NArg() != 2 {
			return fmt.Errorf("%s takes two folders, FROM and TO", name)
		}
		return do(c.Args().Get(0), c.Args().Get(1))
	}}
}

func planOf(c *cli.Context) plan {
	p := plan{rounds: c.Int("rounds"), steps: c.Int("steps"), quick: c.Bool("quick")}
	if p.quick && !c.IsSet("rounds") {
		p.rounds = 1
	}
	if p.quick && !c.IsSet("steps") {
		p.steps = 3
	}
	return p
}
