// Command compare runs cgan beside its PyTorch original, train/train.py, on the same libtorch.
//
//	compare parity    the same bits: every loss, parameter and buffer
//	compare bench     the same work, timed in turn; writes a section of BENCHMARKS.md
//	compare ranks     several processes and hosts: what they cost; writes its section of BENCHMARKS.md
//	compare hosts-quality  two hosts train as well as one process; writes a section of QUALITY.md
//	compare quality   a recipe's figures by seeds; writes a section of QUALITY.md
//	compare sooner    seconds to a class consistency of 98 %, beside the original; writes a section of QUALITY.md
//	compare accuracy  the same quality: fast f32 and bf16 learn to draw the asked digit as exact does
//	compare evaluation  how fast images are drawn and judged
//	compare gpu       all of this on CUDA, in the folder that make gpu-kit makes
//	compare before    the speed beside an older build of cgan
//	compare mutants   mistakes that the tests must notice
//	compare balance   a class that has few images, filled up with drawn ones, and what a classifier makes of it
//	compare letters   a set of letters from fonts, and emoji one of pictures; sets.sh has the packages
//	compare serve-check  cgan serve answers as its openapi.json says
//	compare serve-bench  its speed beside FastAPI and onnxruntime
//	compare serve-page   its pages, used in Chromium
//	compare docs      the manual's commands are run, and its site is built
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
	"time"

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
				Name:  "balance",
				Usage: "cut a class of MNIST, fill it up by cgan generate, and train a classifier on both",
				Flags: []cli.Flag{cgan, &cli.IntFlag{Name: "seeds", Usage: "trainings of each, from seed 0 on", Value: 3}},
				Action: func(c *cli.Context) error {
					return balance(c.Context, c.String("cgan"), c.Int("seeds"))
				},
			},
			{
				Name:      "quality",
				Usage:     "train a preset with several seeds, evaluate each, print the figures and write their section of QUALITY.md",
				ArgsUsage: "[-- FLAGS of cgan train]",
				Flags: []cli.Flag{
					cgan,
					&cli.StringFlag{Name: "data", Usage: "what cgan train --data takes", Value: "mnist"},
					&cli.StringFlag{Name: "preset", Usage: "best or quick", Value: "best"},
					&cli.IntFlag{Name: "seeds", Usage: "trainings, from seed 0 on", Value: 5},
					&cli.StringFlag{Name: "kept", Usage: "folder `DIR` of runs and figures; what it has is not done again", Value: "quality"},
					&cli.BoolFlag{Name: "quick", Usage: "write no report"},
				},
				Action: func(c *cli.Context) error {
					r := recipe{data: c.String("data"), preset: c.String("preset"), flags: c.Args().Slice(), seeds: c.Int("seeds"), kept: c.String("kept")}
					return quality(c.Context, c.String("cgan"), r, !c.Bool("quick"))
				},
			},
			{
				Name:  "variants",
				Usage: "train variants of a recipe with the same seeds, compare them by a paired test, and write their section of QUALITY.md",
				Flags: []cli.Flag{
					cgan,
					&cli.StringFlag{Name: "of", Usage: "modes, which are exact, f32 and bf16 of the article's recipe, or ablation, which changes the preset quick", Value: "modes"},
					&cli.IntFlag{Name: "epochs", Usage: "epochs of the modes", Value: 20},
					&cli.IntFlag{Name: "seeds", Usage: "trainings of each, from seed 0 on", Value: 10},
					&cli.StringFlag{Name: "kept", Usage: "folder `DIR` of runs and figures; what it has is not done again", Value: "quality"},
				},
				Action: func(c *cli.Context) error {
					r := recipe{data: "mnist", seeds: c.Int("seeds"), kept: c.String("kept"), noCAS: true}
					switch of := c.String("of"); of {
					case "modes":
						return compareVariants(c.Context, c.String("cgan"), modes(c.Int("epochs")), r)
					case "ablation":
						r.preset = "quick"
						return compareVariants(c.Context, c.String("cgan"), ablation(), r)
					default:
						return fmt.Errorf("--of is %q: it must be modes or ablation", of)
					}
				},
			},
			{
				Name:  "sooner",
				Usage: "time the preset quick and the original to a class consistency of 98 %, with several seeds, and write the section of QUALITY.md",
				Flags: []cli.Flag{
					cgan, python3,
					&cli.IntFlag{Name: "seeds", Value: 5},
					&cli.IntFlag{Name: "rounds", Usage: "runs of Python that time its step", Value: 3},
					&cli.StringFlag{Name: "kept", Usage: "folder `DIR` of runs and figures; what it has is not done again", Value: "quality"},
				},
				Action: func(c *cli.Context) error {
					return sooner(c.Context, where(c, "cpu"), c.Int("seeds"), c.Int("rounds"), c.String("kept"))
				},
			},
			{
				Name:  "evaluation",
				Usage: "time how long images take to be drawn and judged",
				Flags: []cli.Flag{
					cgan, python3,
					&cli.IntFlag{Name: "count", Usage: "images of each round", Value: 10_000},
					&cli.IntFlag{Name: "rounds", Usage: "runs of each program", Value: 3},
				},
				Action: func(c *cli.Context) error {
					return evaluation(c.Context, where(c, "cpu"), c.Int("count"), c.Int("rounds"))
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
				Name:   "docs",
				Usage:  "run the commands of docs/, and build the manual's site into dist/site",
				Flags:  []cli.Flag{cgan},
				Action: func(c *cli.Context) error { return docs(c.Context, c.String("cgan")) },
			},
			{
				Name:  "serve-check",
				Usage: "send cgan serve what its openapi.json allows and forbids, by schemathesis",
				Flags: []cli.Flag{cgan, &cli.IntFlag{Name: "examples", Usage: "random requests for each operation and phase", Value: 200}},
				Action: func(c *cli.Context) error {
					return serveCheck(c.Context, c.String("cgan"), c.Int("examples"))
				},
			},
			{
				Name:  "serve-bench",
				Usage: "load cgan serve, the original behind FastAPI and its ONNX behind onnxruntime in turn, by the same client; print and write the report's section",
				Flags: []cli.Flag{
					cgan,
					&cli.IntFlag{Name: "rounds", Usage: "runs of each server", Value: 3},
					&cli.DurationFlag{Name: "duration", Usage: "of each of the three loads of a run", Value: 10 * time.Second},
					&cli.BoolFlag{Name: "quick", Usage: "write no file"},
				},
				Action: func(c *cli.Context) error {
					return serveBench(c.Context, c.String("cgan"), c.Int("rounds"), c.Duration("duration"), c.Bool("quick"))
				},
			},
			{
				Name:  "serve-page",
				Usage: "use the pages of cgan serve in Chromium: every control, keyboard alone, 320 pixels, light and dark, axe-core",
				Flags: []cli.Flag{
					cgan,
					&cli.StringFlag{Name: "weights", Usage: "the model on the page, `RUN_OR_FILE`; without it one of a few steps"},
					&cli.StringFlag{Name: "pictures", Usage: "write screenshots into `DIR`"},
				},
				Action: func(c *cli.Context) error {
					return servePage(c.Context, c.String("cgan"), c.String("weights"), c.String("pictures"))
				},
			},
			{
				Name:      "python",
				Usage:     "print the Python with torch 2.15.0 or 2.1.0, with onnx, tensorboard, evaluate (NumPy and SciPy), schemathesis, playwright, kubernetes, mkdocs or fastapi",
				ArgsUsage: "2.15.0|2.1.0|onnx|tensorboard|evaluate|schemathesis|playwright|kubernetes|mkdocs|fastapi",
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
				Name:  "hosts-quality",
				Usage: "train MNIST in one process and by torchrun on two hosts, with several seeds, and write the section of QUALITY.md",
				Flags: []cli.Flag{
					cgan, python3,
					&cli.IntFlag{Name: "seeds", Value: 3},
					&cli.IntFlag{Name: "epochs", Value: 2},
				},
				Action: func(c *cli.Context) error {
					return hostsQuality(c.Context, where(c, "cpu"), c.Int("seeds"), c.Int("epochs"))
				},
			},
			{
				Name:  "bench",
				Usage: "time training, drawing and starting in turn; print and write the report",
				Flags: []cli.Flag{
					cgan,
					&cli.IntFlag{Name: "rounds", Usage: "runs of each program", Value: 3},
					&cli.IntFlag{Name: "steps", Usage: "timed training steps of each run", Value: 15},
					&cli.StringFlag{Name: "held-to", Usage: "kernel set, avx512 or avx2, that a wider processor is held to in both programs"},
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
	p := plan{rounds: c.Int("rounds"), steps: c.Int("steps"), quick: c.Bool("quick"), held: c.String("held-to")}
	if p.quick && !c.IsSet("rounds") {
		p.rounds = 1
	}
	if p.quick && !c.IsSet("steps") {
		p.steps = 3
	}
	return p
}
