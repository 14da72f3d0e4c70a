package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"cgan/bindings/distributed"
	"cgan/train"

	"github.com/urfave/cli/v2"
)

func trainCommand() *cli.Command {
	d := train.Default()
	return &cli.Command{
		Name:  "train",
		Usage: "train generator and discriminator",
		Description: "Writes a run folder with the settings, statistics of every step (stats.jsonl), and for each\n" +
			"epoch a sample grid (PNG) and a checkpoint (.pt). README.md in it shows curves and the grids over\n" +
			"time, and TensorBoard reads its events. Ctrl-C finishes the step and saves, and so does every\n" +
			"signal that asks for an end.\n\n" +
			"What a flag gives may also be given by a variable, as --save-every by CGAN_SAVE_EVERY=10m, or by\n" +
			"a line of the file of --config, as save-every: 10m. A flag comes before a variable, and a variable\n" +
			"before the file.",
		Flags: append([]cli.Flag{
			dataFlag(),
			&cli.BoolFlag{Name: "flip", Usage: "show half of the images as in a mirror, drawn anew each time"},
			&cli.StringFlag{Name: "preset", Usage: "settings of a recipe, beside which other flags may stand: best for the best images, quick for the first good ones", Action: func(_ *cli.Context, name string) error {
				if _, err := train.Preset(name); name != "" && err != nil {
					return usage(err)
				}
				return nil
			}},
			&cli.StringFlag{Name: "resume", Usage: "go on in the run folder `RUN` as if it had never stopped: its settings stay, but for how long it trains, how often it saves, samples and evaluates, --keep, --judge, --threads, --device, --trace and the place of --data, which may be others"},
			&cli.StringFlag{Name: "init", Usage: "begin with `RUN_OR_FILE`: a run folder, or a checkpoint of Go or Python, goes on where it stood, its random numbers too; unless flags say else, the data and settings of a folder's config.json are kept, and a file's sizes, batch, lr and betas"},
			keyFlag(),
			archFlag(),
			mapFlag(),
			&cli.StringFlag{Name: "out", Usage: "folder `DIR` for the run folders", Value: d.Out},
			intFlag("epochs", "passes over the data", d.Epochs),
			intFlag("steps", "stop after as many steps in all, 0 for no limit; set, it overrides --epochs", d.Steps),
			intFlag("batch", "images per step", d.Batch),
			everyFlag("save-every", "save a checkpoint each `N` steps, or each time such as 10m, beside those at the end of each epoch", d.SaveEvery),
			everyFlag("sample-every", "draw a grid each `N` steps, or each time, beside those at the end of each epoch", d.SampleEvery),
			everyFlag("eval-every", "evaluate the generator each `N` steps, or each time, as cgan eval does: figures go into stats.jsonl, TensorBoard and losses.png, and best.pt keeps the checkpoint of the least Frechet distance", d.EvalEvery),
			&cli.StringFlag{Name: "judge", Usage: "the judge in `FILE`, from cgan judge train, for evaluations, in place of the data's own"},
			&cli.StringFlag{Name: "stop-when", Usage: "end when an evaluation meets a `CRITERION` such as 'consistency>=99.5' or 'frechet<=0.8': " + orList(train.CriterionFigures()) + ", shares in percent"},
			intFlag("patience", "end when so many evaluations in a row brought no lower Frechet distance, 0 for never", d.Patience),
			intFlag("keep", "checkpoints that stay, the newest ones, 0 for all", d.Keep),
			everyFlag("time-limit", "save and end after a time such as `8h`", d.TimeLimit),
			seedFlag(),
			threadsFlag(),
			floatFlag("lr", "Adam's learning rate", d.LR),
			floatFlag("beta1", "Adam's decay of the mean", d.Beta1),
			floatFlag("beta2", "Adam's decay of the variance", d.Beta2),
			deviceFlag(d.Device),
			intFlag("processes", "train in as many processes on this machine, each with a batch of its own; torchrun and what sets its variables do so on several", 1),
			oneOfFlag("compress", "type that gradients travel in between processes: none, which is float32, or bf16, half of the bytes", d.Compress, train.Compressions),
			&cli.BoolFlag{Name: "sync-bn", Usage: "BatchNorm over the images of all processes, as torch.nn.SyncBatchNorm: for batches that are small in each"},
			&cli.DurationFlag{Name: "dist-timeout", Usage: "end with an error when another process has not answered for a time such as `30s`; longer than a step and a save take", Value: d.DistTimeout},
			&cli.BoolFlag{Name: "quiet", Usage: "print nothing but errors"},
			&cli.StringFlag{Name: "trace", Usage: "write every loss and the sha256 of every parameter to `FILE` at the end"},
		}, slices.Concat(optionFlags(d), speedFlags(d), sizeFlags(d), imageFlags(sizeFlag(d)), configFlags())...),
		Action: func(c *cli.Context) error {
			if err := takeSettings(c); err != nil {
				return err
			}
			cfg, err := trainConfig(c)
			if err != nil {
				return err
			}
			if cfg.Launch, err = distributed.ReadLaunch(os.Getenv); err != nil {
				return usageError{err}
			}
			if err := checkTrain(cfg); err != nil {
				return err
			}
			if c.Bool("print-config") {
				return printConfig(c, cfg)
			}
			others, err := startsOthers(c, cfg)
			if err != nil {
				return err
			}
			if others {
				return runProcesses(c.Context, c.Int("processes"), cfg.DistTimeout)
			}
			return runTrain(c, cfg)
		},
	}
}

// checkTrain finds at once what would else end a run only after its work.
func checkTrain(cfg train.Config) error {
	if err := cfg.Validate(); err != nil {
		return usage(err)
	}
	if cfg.Trace == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(cfg.Trace)); err != nil || !info.IsDir() {
		return usageError{fmt.Errorf("--trace %s: there is no folder %s", cfg.Trace, filepath.Dir(cfg.Trace))}
	}
	if info, err := os.Stat(cfg.Trace); err == nil && !info.Mode().IsRegular() {
		return usageError{fmt.Errorf("--trace %s: it is not a file", cfg.Trace)}
	}
	return nil
}

func runTrain(c *cli.Context, cfg train.Config) error {
	if err := setUp(cfg.Compute, cfg.Threads); err != nil {
		return err
	}
	program := quoted(c.App.Metadata["program"].(string)) // as it was called, so that what is printed can be pasted
	resume := func(dir string) string {
		return fmt.Sprintf("%s train --resume %s%s", program, quoted(dir), together(c, cfg))
	}
	cfg.HowTo = func(cfg train.Config, dir string) string { return howTo(program, resume(dir), cfg, dir) }
	stdout, quiet := c.App.Writer, c.Bool("quiet")
	if cfg.Launch != nil && cfg.Launch.Rank > 0 { // rank 0 speaks for all
		quiet = true
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that goes, as head does, ends the output alone
	result, err := train.Run(c.Context, cfg, newReporter(stdout, c.App.ErrWriter, quiet))
	if err != nil && cfg.Launch != nil {
		return fmt.Errorf("rank %d: %w", cfg.Launch.Rank, flagged(err))
	}
	if err != nil {
		return flagged(err)
	}
	goOn := "go on with " + resume(result.Dir)
	switch {
	case result.Interrupted && cfg.Launch != nil && cfg.Launch.Rank > 0:
		return fmt.Errorf("rank %d: %w after step %d", cfg.Launch.Rank, interrupted(c.Context), result.Steps)
	case result.Interrupted && result.Dir == "":
		return fmt.Errorf("%w before the first step: nothing is kept", interrupted(c.Context))
	case result.Interrupted:
		return fmt.Errorf("%w after step %d; saved in %s: %s", interrupted(c.Context), result.Steps, result.Dir, goOn)
	case result.Stopped != "" && !quiet:
		fmt.Fprintf(c.App.Writer, "ended after step %d: %s\n", result.Steps, result.Stopped)
	case result.TimeIsUp && !quiet:
		fmt.Fprintf(c.App.Writer, "the time is up after step %d: %s\n", result.Steps, goOn)
	}
	return nil
}

// together is the flag that starts as many processes again; with another number a run has other numbers.
func together(c *cli.Context, cfg train.Config) string {
	if n := c.Int("processes"); n > 1 && cfg.Launch != nil {
		return fmt.Sprintf(" --processes %d", n)
	}
	return ""
}

// howTo is what README.md of a run folder says of what can be done with it; resume is the command to go on.
func howTo(program, resume string, cfg train.Config, dir string) string {
	more := ""
	if cfg.LRSchedule == "constant" { // another one was planned to the run's end
		length := fmt.Sprintf("--epochs %d", 2*cfg.Epochs)
		if cfg.Steps > 0 {
			length = fmt.Sprintf("--steps %d", 2*cfg.Steps)
		}
		more = fmt.Sprintf("    %s %s\n", resume, length)
	}
	return more + fmt.Sprintf(`    %[1]s generate --weights %[2]s --count 3 --out three.png
    %[1]s export %[2]s --out generator.onnx
    tensorboard --logdir %[2]s
`, program, quoted(dir))
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+:@%,"
	if strings.Trim(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func printJSON(c *cli.Context, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err == nil {
		_, err = fmt.Fprintln(c.App.Writer, string(text))
	}
	return err
}
