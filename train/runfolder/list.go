package runfolder

import (
	"io/fs"
	"os"
	"path/filepath"
)

// List gives the run folders in dir by name: those that hold settings. Where dir is a run folder itself, that one.
func List(dir string) (runs []string, err error) {
	if isRun(dir) {
		return []string{dir}, nil
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); isRun(path) {
			runs = append(runs, path)
		}
	}
	return runs, err
}

func isRun(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, configName))
	return err == nil && info.Mode().IsRegular()
}

// Size is how many bytes the files in a run folder have, as far as they can be seen.
func Size(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
