package runfolder

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

const logName = "stats.jsonl"

// Log is the file stats.jsonl of a run folder: one JSON object a line, in the order written.
type Log struct {
	file *os.File
	size int64 // of the whole lines
}

// OpenLog opens dir/stats.jsonl for appending, and makes it where it is missing. It holds the file locked, where the file
// system can, which tells others that the run lives.
func OpenLog(dir string) (*Log, error) {
	file, err := os.OpenFile(filepath.Join(dir, logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the log of the run: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open the log of the run: %w", err)
	}
	_ = lock(file) // where it fails it fails for who sweeps as well
	return &Log{file, info.Size()}, nil
}

// Write appends record, a struct or map, as one line. It is not buffered, so a killed run keeps every line.
// JSON has no NaN and no infinity: they are an error. No error leaves a part of a line behind.
func (s *Log) Write(record any) error {
	line, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("write %s: %w", s.file.Name(), err)
	}
	if line[0] != '{' {
		return fmt.Errorf("write %s: %T is no JSON object: pass a struct or a map", s.file.Name(), record)
	}
	n, err := s.file.Write(append(line, '\n'))
	if err != nil {
		if n > 0 {
			if cut := s.file.Truncate(s.size); cut != nil {
				return fmt.Errorf("write the log of the run: %w, and its last line stays cut: %w", err, cut)
			}
		}
		return fmt.Errorf("write the log of the run: %w", err)
	}
	s.size += int64(n)
	return nil
}

// Close puts the log on the disk, and reports what the system could not keep.
func (s *Log) Close() error {
	err := s.file.Sync()
	if closed := s.file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("close the log of the run: %w", err)
	}
	return nil
}
