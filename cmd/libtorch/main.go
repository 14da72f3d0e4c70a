// Command libtorch finds or fetches libtorch and prepares gotch for it, so
// that go build and go test work in the checkout with no environment.
//
// It looks at LIBTORCH, at the torch of Python if LIBTORCH_USE_PYTORCH=1, and
// at the per-user cache, and fetches a pinned libtorch into that cache if none
// of them has one. What it writes is git-ignored: .libtorch/, go.work,
// bindings/*/prepared.go and compile_commands.json. With CGAN_DEBUG=1 our own
// C++ is compiled for a debugger. Run it as
//
//	GOWORK=off go run ./cmd/libtorch
//
// because a go.work whose .libtorch/ was deleted stops every go command.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes the command line args and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := newApp(stdout, stderr).RunContext(ctx, args)
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil {
		err = errors.New("interrupted; run it again to go on, nothing half-written was kept")
	}
	fmt.Fprintln(stderr, "libtorch:", err)
	if errors.As(err, &usageError{}) {
		return exitUsage
	}
	return exitFailure
}

func newApp(stdout, stderr io.Writer) *cli.App {
	return &cli.App{
		Name:            "libtorch",
		Usage:           "find or fetch libtorch and prepare gotch for it",
		HideHelpCommand: true,
		HideVersion:     true,
		Writer:          stdout,
		ErrWriter:       stderr,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "version", Value: defaultVersion,
				Usage: "take or fetch `VERSION` (" + strings.Join(pinned(runtime.GOARCH), " or ") + "); not used with LIBTORCH or LIBTORCH_USE_PYTORCH"},
			&cli.StringFlag{Name: "arch", Value: runtime.GOARCH, Usage: "take or fetch that of the architecture `ARCH`, amd64 or arm64, for a cross compiler"},
			&cli.BoolFlag{Name: "quiet", Usage: "print errors only"},
		},
		OnUsageError:   func(_ *cli.Context, err error, _ bool) error { return usageError{err} },
		ExitErrHandler: func(*cli.Context, error) {},
		Action:         func(c *cli.Context) error { return act(c, newUI(stdout, stderr, c.Bool("quiet"))) },
	}
}

// act is the whole command: find (or fetch), prepare, say what was chosen.
func act(c *cli.Context, u ui) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("unexpected argument %q: it takes flags only, see --help", c.Args().First())}
	}
	rel, err := findRelease(c.String("version"), c.String("arch"))
	if err != nil {
		return usageError{err}
	}
	root, err := findCheckout()
	if err != nil {
		return err
	}
	lt, err := find(c.Context, rel, u)
	if err != nil {
		return err
	}
	if err := prepare(c.Context, root, lt, gotchSource(root)); err != nil {
		return err
	}
	u.result(lt)
	return nil
}
