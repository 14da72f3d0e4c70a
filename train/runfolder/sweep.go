package runfolder

import (
	"os"
	"path/filepath"
)

// leftovers are the files that a killed run leaves half-written.
var leftovers = []string{
	".checkpoint-*.pt.*.tmp", ".samples-*.png.*.tmp", "." + configName + ".*.tmp", "." + statusName + ".*.tmp",
	".losses.png.*.tmp", ".samples.gif.*.tmp", ".README.md.*.tmp",
}

// sweep removes what killed runs left half-written in the run folders in out. A folder that another process has stays as
// it is, and so does every other file.
func sweep(out string) {
	runs, _ := filepath.Glob(filepath.Join(escape(out), "[0-9][0-9][0-9][0-9][0-9]-*")) // the pattern is sound
	for _, dir := range runs {
		if len(leftoversIn(dir)) == 0 {
			continue
		}
		l, err := Take(dir)
		if err != nil {
			continue
		}
		if l.sure {
			Sweep(dir)
		}
		l.Release()
	}
}

// Sweep removes what a killed run left half-written in its folder, which this process has taken.
func Sweep(dir string) {
	for _, file := range leftoversIn(dir) {
		os.Remove(file) // what can't be removed harms nobody
	}
}

func leftoversIn(dir string) (files []string) {
	for _, pattern := range leftovers {
		found, _ := filepath.Glob(filepath.Join(escape(dir), pattern))
		files = append(files, found...)
	}
	return files
}

// escape makes a path a pattern that matches it alone.
func escape(path string) string {
	var pattern []byte
	for i := range len(path) {
		switch path[i] {
		case '*', '?', '[', '\\':
			pattern = append(pattern, '\\')
		}
		pattern = append(pattern, path[i])
	}
	return string(pattern)
}
