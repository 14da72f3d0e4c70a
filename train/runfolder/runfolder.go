// Package runfolder keeps the folder of a training run: its number, settings and statistics. It is pure Go.
package runfolder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// New makes out/00000-name, or the number after the highest one in out, and returns its path. The
// name is reduced to letters, digits, '.', '_' and '-', 64 at most. Processes that start at once get numbers
// of their own. What killed runs left half-written in the folders in out goes. An out that cannot be made or holds number 99999 is an error.
func New(out, name string) (string, error) {
	if out == "" {
		return "", errors.New("make a run folder: no folder is named to hold it")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", fmt.Errorf("make a folder for runs: %w: name another one", err)
	}
	sweep(out)
	for {
		last, err := lastRun(out)
		if err != nil {
			return "", fmt.Errorf("make a run folder in %s: %w", out, err)
		}
		if last >= 99999 {
			return "", fmt.Errorf("make a run folder in %s: number 99999 is taken: name another folder", out)
		}
		dir, err := takeNumber(out, last+1, safeName(name))
		if err != nil {
			return "", fmt.Errorf("make a run folder in %s: %w", out, err)
		}
		if dir != "" {
			return dir, nil
		}
	}
}

// Discard removes the folder of a run that made nothing but its settings and an empty log. Anything else in it stays,
// and the folder with it.
func Discard(dir string) error {
	for _, name := range []string{configName, logName, statusName, lockName} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the folder of a run that made no step: %w", err)
		}
	}
	if err := os.Remove(dir); err != nil {
		return fmt.Errorf("remove the folder of a run that made no step: %w", err)
	}
	return nil
}

// takeNumber returns "" where another process took the number. Making out/00007 alone first reserves 7
// against every name; a folder 00007-name that shows after that was finished before the reservation.
func takeNumber(out string, number int, name string) (string, error) {
	reserved := filepath.Join(out, fmt.Sprintf("%05d", number))
	if err := os.Mkdir(reserved, 0o755); errors.Is(err, fs.ErrExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	dir := reserved + "-" + name
	taken, err := finished(out, filepath.Base(reserved)+"-")
	if err == nil && !taken {
		err = os.Rename(reserved, dir)
	}
	if err != nil || taken {
		os.Remove(reserved) // left behind, it would only cost its number
		return "", err
	}
	return dir, nil
}

func finished(out, prefix string) (bool, error) {
	entries, err := os.ReadDir(out)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), prefix) }), err
}

// lastRun is the highest number in front of a name in out, -1 where there is none.
func lastRun(out string) (int, error) {
	entries, err := os.ReadDir(out)
	if err != nil {
		return 0, err
	}
	last := -1
	for _, e := range entries {
		digits, _, _ := strings.Cut(e.Name(), "-")
		if n, err := strconv.ParseUint(digits, 10, 32); err == nil && len(digits) == 5 {
			last = max(last, int(n))
		}
	}
	return last, nil
}

// safeName leaves what every file system and shell takes as it is.
func safeName(name string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '_':
			return r
		}
		return '-'
	}, name)
	safe = strings.Trim(safe[:min(len(safe), 64)], "-.")
	if safe == "" {
		return "run"
	}
	return safe
}
