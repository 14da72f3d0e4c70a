package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"cgan/models"
	"cgan/models/arch"
	"cgan/train"
	"cgan/train/dataset"

	"github.com/urfave/cli/v2"
)

// intFlag is a whole number whose range train.Ranges gives; a value outside of it ends at the parser.
func intFlag(name, usage string, value int) cli.Flag {
	return &cli.IntFlag{
		Name: name, Usage: withRange(name, usage), Value: value,
		Action: func(_ *cli.Context, v int) error { return checkFlag(name, float64(v)) },
	}
}

// floatFlag is intFlag for any number.
func floatFlag(name, usage string, value float64) cli.Flag {
	return &cli.Float64Flag{
		Name: name, Usage: withRange(name, usage), Value: value,
		Action: func(_ *cli.Context, v float64) error { return checkFlag(name, v) },
	}
}

// everyFlag is a number of steps, or a time.
func everyFlag(name, usage string, value train.Every) cli.Flag {
	return &cli.GenericFlag{Name: name, Usage: usage, Value: &value}
}

func withRange(name, usage string) string {
	return fmt.Sprintf("%s, %s", usage, train.Ranges[fieldOf(name)])
}

func checkFlag(name string, value float64) error {
	if err := train.Check(fieldOf(name), value); err != nil {
		return usage(err)
	}
	return nil
}

// sizeFlags are the sizes of the networks.
func sizeFlags(d train.Config) []cli.Flag {
	return []cli.Flag{
		intFlag("nz", "noise values per image", d.Noise),
		intFlag("ngf", "base channels of the generator", d.NgF),
		intFlag("ndf", "base channels of the discriminator", d.NdF),
	}
}

func deviceFlag(value string) cli.Flag {
	return &cli.StringFlag{
		Name: "device", Usage: "where to compute: auto (CUDA where it works, else the CPU), cpu or cuda", Value: value,
		Action: func(_ *cli.Context, v string) error {
			switch v {
			case "auto", "cpu", "cuda":
				return nil
			}
			return usageError{fmt.Errorf("--device is %q: it must be auto, cpu or cuda", v)}
		},
	}
}

// speedFlags choose between PyTorch's numbers and speed.
func speedFlags(d train.Config) []cli.Flag {
	var names []string
	for _, s := range models.SpeedUps {
		names = append(names, string(s.Name))
	}
	return []cli.Flag{
		&cli.BoolFlag{Name: "exact", Usage: "PyTorch's ops in PyTorch's order, for the same bits"},
		oneOfFlag("precision", "type that convolutions multiply: f32 or bf16", string(d.Precision), []string{"f32", "bf16"}),
		&cli.StringSliceFlag{Name: "without", Usage: "leave out the speed-up `NAME`, or several with commas: " + strings.Join(names, ", ") + "; cgan bench --speed-ups says what they do"},
	}
}

// compute reads the flags of speedFlags, and CGAN_KERNELS.
func compute(c *cli.Context) models.Compute {
	var without []models.SpeedUp
	for _, name := range c.StringSlice("without") {
		if name == "" { // an empty list
			continue
		}
		without = append(without, models.SpeedUp(name))
	}
	return models.Compute{
		Exact: c.Bool("exact"), Precision: models.Precision(c.String("precision")), Without: without, Kernels: os.Getenv(kernelsVar),
	}
}

// kernelsVar names a kernel set, for tests and measurements.
const kernelsVar = "CGAN_KERNELS"

func seedFlag() cli.Flag {
	return &cli.GenericFlag{Name: "seed", Usage: "seed of every random number, any whole number of 64 bits, signed or not", Value: new(seed)}
}

// seed is what torch.manual_seed takes: from -2^63 to 2^64-1, where negative ones are their two's complement.
type seed int64

// Set reads a number.
func (s *seed) Set(text string) error {
	if v, err := strconv.ParseUint(text, 10, 64); err == nil {
		*s = seed(v)
		return nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errors.New("it must be a whole number from -2^63 to 2^64-1")
	}
	*s = seed(v)
	return nil
}

// String is the number, as a signed one.
func (s *seed) String() string { return strconv.FormatInt(int64(*s), 10) }

// seedOf reads the flag; a command without it has 0.
func seedOf(c *cli.Context) int64 {
	if s, ok := c.Generic("seed").(*seed); ok {
		return int64(*s)
	}
	return 0
}

func threadsFlag() cli.Flag {
	return intFlag("threads", "threads that one op may use, 0 for as many as the cores, the CPU quota and OMP_NUM_THREADS allow", 0)
}

func keyFlag() cli.Flag {
	return &cli.StringFlag{Name: "key", Usage: "`NAME` of the generator's state dict in the weights file, dots between levels, where it is not a usual one"}
}

func dataFlag() cli.Flag { return dataFlagElse("MNIST") }

// dataFlagElse is dataFlag where something else is taken without it.
func dataFlagElse(other string) cli.Flag {
	return &cli.StringFlag{
		Name: "data", Usage: "labelled images: mnist, which is fetched once, fashion-mnist, which make sets or Debian's package dataset-fashion-mnist brings, or a `PATH`: a folder with the IDX files of a set like MNIST, a folder of class folders, a CSV of file,label, or a .zip of one of these; without it " + other,
	}
}

// imageFlags say which images of a set are handed out, and how.
func imageFlags(size cli.Flag) []cli.Flag {
	return []cli.Flag{
		size, channelsFlag(),
		oneOfFlag("fit", "images of another size: crop scales the shorter side and cuts the middle, pad scales the longer side and adds background, stretch scales both",
			dataset.Fits[0], dataset.Fits),
		&cli.StringFlag{Name: "background", Usage: "what is behind transparent pixels and around padded images: black, white or a `COLOUR` such as #ff8000", Value: "black"},
		&cli.BoolFlag{Name: "skip-bad", Usage: "leave out files that can't be read as images"},
	}
}

// sizeFlag is the size of the networks' images.
func sizeFlag(d train.Config) cli.Flag {
	return &cli.IntFlag{Name: "size", Usage: "height and width of the images: 28 as in the article, 32, 64 or 128", Value: d.Size}
}

func channelsFlag() cli.Flag {
	return &cli.IntFlag{Name: "channels", Usage: "1 for grey, 3 for RGB, 0 for what the images have"}
}

// dataOptions reads the flags of imageFlags.
func dataOptions(c *cli.Context) dataset.Options {
	return dataset.Options{
		Size: c.Int("size"), Channels: c.Int("channels"), Fit: c.String("fit"), Background: c.String("background"), SkipBad: c.Bool("skip-bad"),
	}
}

// trainConfig reads the flags that are there into the article's defaults, or those of --init or --resume.
func trainConfig(c *cli.Context) (train.Config, error) {
	if run := c.String("resume"); run != "" {
		return resumeConfig(c, run)
	}
	given := train.Default()
	if preset := c.String("preset"); preset != "" {
		var err error
		if given, err = train.Preset(preset); err != nil {
			return given, err
		}
		if c.Bool("exact") && !c.IsSet("precision") {
			given.Precision = models.F32
		}
		if c.String("init") != "" {
			return given, usageError{fmt.Errorf("%s is the settings of a new training, %s keeps those of another: give one of them", givenIn(c, "preset").name, givenIn(c, "init").name)}
		}
	}
	networks, err := givenArch(c)
	if err != nil {
		return given, err
	}
	if init := c.String("init"); init != "" {
		if given, err = train.InitConfig(init, c.String("key"), networks); err != nil {
			return given, ofArch(c, err)
		}
	} else if c.String("key") != "" {
		return given, usageError{fmt.Errorf("%s: it says where in a file the generator lies, and there is none: give one to begin with by --init", givenIn(c, "key").name)}
	} else if networks != nil && networks.Generator == nil {
		return given, usageError{fmt.Errorf("%s: it renames the keys of a file, and there is none: give one to begin with by --init", givenIn(c, "map").name)}
	} else if networks != nil {
		if given.Config, err = models.ConfigOfArch(&arch.File{Generator: networks.Generator, Discriminator: networks.Discriminator}); err != nil {
			return given, ofArch(c, err)
		}
	}
	if err := sizesBeside(c, given); err != nil {
		return given, err
	}
	cfg := flagsOver(c, given)
	cfg.Compute.Kernels = os.Getenv(kernelsVar)
	return cfg, nil
}

// articleSizes are flags that networks which are given have no use for.
var articleSizes = []string{"nz", "ngf", "ndf", "size", "channels"}

// sizesBeside refuses sizes of the article's networks beside others.
func sizesBeside(c *cli.Context, given train.Config) error {
	for _, name := range articleSizes {
		if given.Arch != nil && c.IsSet(name) {
			return usageError{fmt.Errorf("%s: the networks that are given have sizes of their own: leave it out, or change the arch file", givenIn(c, name).name)}
		}
	}
	return nil
}

// resumeConfig is the settings of a run that goes on: flags that would change its result are refused.
func resumeConfig(c *cli.Context, run string) (train.Config, error) {
	if c.String("init") != "" {
		return train.Config{}, usageError{fmt.Errorf("%s goes on in the run's folder, %s begins a new run: give one of them", givenIn(c, "resume").name, givenIn(c, "init").name)}
	}
	for name, said := range map[string]string{"preset": c.String("preset"), "key": c.String("key"), "arch": c.String("arch"), "map": strings.Join(c.StringSlice("map"), "")} {
		if said != "" {
			return train.Config{}, usageError{fmt.Errorf("%s: a run that goes on has its own settings, checkpoints and networks: leave it out", givenIn(c, name).name)}
		}
	}
	given, err := train.ResumeConfig(run)
	if err != nil {
		return given, err
	}
	cfg := flagsOver(c, given)
	cfg.Channels = cmp.Or(cfg.Channels, given.Channels) // 0 is as the data has, and so has the run
	before, after := fields(given), fields(cfg)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if !train.Extends(name) && before[name] != after[name] {
			return cfg, usageError{fmt.Errorf("%s: the run in %s has %s and keeps it; leave it out, or begin a new run with --init", givenIn(c, flagOf(name)).name, run, before[name])}
		}
	}
	return cfg, nil
}

// fields is a config as its JSON has it, value by value.
func fields(cfg train.Config) map[string]string {
	text, err := json.Marshal(cfg)
	var values map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(text, &values)
	}
	if err != nil {
		panic(err) // it is made of numbers and texts
	}
	all := map[string]string{}
	for name, value := range values {
		all[name] = string(value)
	}
	return all
}

// flagsOver is given, with what the flags say that are there.
func flagsOver(c *cli.Context, cfg train.Config) train.Config {
	for name, to := range map[string]*int{
		"epochs": &cfg.Epochs, "steps": &cfg.Steps, "batch": &cfg.Batch, "threads": &cfg.Threads,
		"nz": &cfg.Noise, "ngf": &cfg.NgF, "ndf": &cfg.NdF, "size": &cfg.Size, "channels": &cfg.Channels, "keep": &cfg.Keep, "patience": &cfg.Patience, "d-steps": &cfg.DSteps,
	} {
		if c.IsSet(name) {
			*to = c.Int(name)
		}
	}
	for name, to := range map[string]*float64{
		"lr": &cfg.LR, "beta1": &cfg.Beta1, "beta2": &cfg.Beta2, "label-smoothing": &cfg.LabelSmoothing, "lr-g": &cfg.LRG, "lr-d": &cfg.LRD, "r1": &cfg.R1, "ema": &cfg.EMA,
	} {
		if c.IsSet(name) {
			*to = c.Float64(name)
		}
	}
	for name, to := range map[string]*string{
		"data": &cfg.Data, "fit": &cfg.Fit, "background": &cfg.Background, "out": &cfg.Out, "device": &cfg.Device, "trace": &cfg.Trace, "compress": &cfg.Compress, "judge": &cfg.Judge, "stop-when": &cfg.StopWhen,
		"loss": &cfg.Loss, "lr-schedule": &cfg.LRSchedule,
	} {
		if c.IsSet(name) {
			*to = c.String(name)
		}
	}
	for name, to := range map[string]*train.Every{"save-every": &cfg.SaveEvery, "sample-every": &cfg.SampleEvery, "eval-every": &cfg.EvalEvery, "time-limit": &cfg.TimeLimit} {
		if every, ok := c.Generic(name).(*train.Every); ok && c.IsSet(name) {
			*to = *every
		}
	}
	if c.IsSet("dist-timeout") {
		cfg.DistTimeout = c.Duration("dist-timeout")
	}
	if c.IsSet("seed") {
		cfg.Seed = seedOf(c)
	}
	if givenIn(c, "epochs").rank > givenIn(c, "steps").rank {
		cfg.Steps = 0
	}
	for name, to := range map[string]*bool{
		"skip-bad": &cfg.SkipBad, "flip": &cfg.Flip, "sync-bn": &cfg.SyncBN, "spectral-norm": &cfg.SpectralNorm, "exact": &cfg.Exact,
	} {
		if c.IsSet(name) {
			*to = c.Bool(name)
		}
	}
	flags := compute(c)
	if c.IsSet("precision") {
		cfg.Precision = flags.Precision
	}
	if c.IsSet("without") {
		cfg.Without = flags.Without
	}
	return cfg
}

// flagsFirst moves what is no flag after the command's flags, where the flag package wants it.
func flagsFirst(app *cli.App, args []string) []string {
	at := 1
	for at < len(args) && strings.HasPrefix(args[at], "-") { // the program's own flags
		at += width(args[at], app.Flags)
	}
	if at >= len(args) || app.Command(args[at]) == nil {
		return args
	}
	command := app.Command(args[at])
	for at+1 < len(args) && below(command, args[at+1]) != nil {
		at++
		command = below(command, args[at])
	}
	flags, rest := args[:at+1:at+1], []string(nil)
	for i := at + 1; i < len(args); {
		if args[i] == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if !strings.HasPrefix(args[i], "-") {
			rest = append(rest, args[i])
			i++
			continue
		}
		end := min(i+width(args[i], command.Flags), len(args))
		flags = append(flags, args[i:end]...)
		i = end
	}
	if len(rest) == 0 {
		return flags
	}
	return append(append(flags, "--"), rest...)
}

// below is the command's command of that name; nil for none.
func below(command *cli.Command, name string) *cli.Command {
	for _, c := range command.Subcommands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}

// width is 2 where a flag takes the argument after it as its value, else 1.
func width(arg string, flags []cli.Flag) int {
	for _, f := range flags {
		if _, isBool := f.(*cli.BoolFlag); !isBool && slices.Contains(f.Names(), strings.TrimLeft(arg, "-")) {
			return 2
		}
	}
	return 1
}
