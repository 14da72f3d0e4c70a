package runfolder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cgan/weights/atomicfile"
)

const logName = "stats.jsonl"

// Log is the file stats.jsonl of a run folder: one JSON object a line, in the order written.
type Log struct {
	file    atomicfile.File
	size    int64  // of the whole lines
	waiting []byte // lines that are not in the file yet
}

// OpenLog opens dir/stats.jsonl for appending, and makes it where it is missing.
func OpenLog(disk atomicfile.Disk, dir string) (*Log, error) {
	file, err := disk.OpenFile(filepath.Join(dir, logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the log of the run: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open the log of the run: %w", err)
	}
	return &Log{file: file, size: info.Size()}, nil
}

// CutLog takes off dir/stats.jsonl what follows the line of this step, the field "step" of its records. What it can't read
// goes as well. It returns the step of the last line that stays, 0 where none does.
func CutLog(disk atomicfile.Disk, dir string, step int) (last int, err error) {
	path := filepath.Join(dir, logName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the log of the run: %w", err)
	}
	keep := 0
	for end := bytes.IndexByte(text, '\n'); end >= 0; end = bytes.IndexByte(text[keep:], '\n') {
		var record struct {
			Step int `json:"step"`
		}
		if json.Unmarshal(text[keep:keep+end], &record) != nil || record.Step > step {
			break
		}
		last = record.Step
		keep += end + 1
	}
	if keep == len(text) {
		return last, nil
	}
	if err := truncate(disk, path, int64(keep)); err != nil {
		return last, fmt.Errorf("cut the log of the run: %w", err)
	}
	return last, nil
}

func truncate(disk atomicfile.Disk, path string, size int64) error {
	file, err := disk.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Truncate(size)
}

// Write appends record, a struct or map, as one line. It is not buffered, so a killed run keeps every line. What the system
// does not take the next Write tries again, and no part of a line stays in the file.
// JSON has no NaN and no infinity: they are an error.
func (s *Log) Write(record any) error {
	line, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("write %s: %w", s.file.Name(), err)
	}
	if line[0] != '{' {
		return fmt.Errorf("write %s: %T is no JSON object: pass a struct or a map", s.file.Name(), record)
	}
	s.waiting = append(append(s.waiting, line...), '\n')
	return s.flush()
}

// flush writes the lines that wait.
func (s *Log) flush() error {
	if len(s.waiting) == 0 {
		return nil
	}
	n, err := s.file.Write(s.waiting)
	if err != nil {
		if n > 0 {
			if cut := s.file.Truncate(s.size); cut != nil {
				return fmt.Errorf("write the log of the run: %w, and its last line stays cut: %w", err, cut)
			}
		}
		return fmt.Errorf("write the log of the run: %w", err)
	}
	s.size += int64(n)
	s.waiting = s.waiting[:0]
	return nil
}

// Sync puts all lines on the disk, where they outlast a power cut.
func (s *Log) Sync() error {
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("write the log of the run: %w", err)
	}
	return nil
}

// Close puts the log on the disk, and reports what the system could not keep.
func (s *Log) Close() error {
	err := s.Sync()
	if closed := s.file.Close(); err == nil && closed != nil {
		err = fmt.Errorf("close the log of the run: %w", closed)
	}
	return err
}
