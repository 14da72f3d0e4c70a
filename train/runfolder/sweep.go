package runfolder

import (
	"os"
	"path/filepath"
)

// leftovers are the files that a killed run leaves half-written.
var leftovers = []string{".checkpoint-*.pt.*.tmp", ".samples-*.png.*.tmp", "." + configName + ".*.tmp"}

// sweep removes what killed runs left half-written in the run folders in out. A run holds its log locked while it lives:
// a folder whose log can't be locked, or has none, stays as it is, and so does every other file.
func sweep(out string) {
	logs, _ := filepath.Glob(filepath.Join(escape(out), "[0-9][0-9][0-9][0-9][0-9]-*", logName)) // the pattern is sound
	for _, path := range logs {
		stale := leftoversIn(filepath.Dir(path))
		if len(stale) == 0 {
			continue
		}
		log, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if lock(log) == nil {
			for _, file := range leftoversIn(filepath.Dir(path)) { // a run may have ended well meanwhile
				os.Remove(file) // what can't be removed harms nobody
			}
		}
		log.Close()
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
