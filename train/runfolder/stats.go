package runfolder

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Stats is one line of stats.jsonl.
type Stats struct {
	Epoch     int       `json:"epoch"`        // from 1
	Step      int       `json:"step"`         // from 1, over all epochs
	LossD     float64   `json:"loss_d"`       // of D; with bce that on real plus that on drawn images
	LossG     float64   `json:"loss_g"`       // of G; with bce that of drawn images against ones
	DReal     float64   `json:"d_x"`          // D(x), D's mean verdict on real images
	DFake     float64   `json:"d_g_z"`        // D(G(z)), D's mean verdict on drawn images, before its update
	ImagesPS  float64   `json:"images_per_s"` // over the last steps
	Time      time.Time `json:"time"`
	EpochStep int       `json:"-"`              // from 1, in this epoch
	Eval      *Eval     `json:"eval,omitempty"` // after the step, where the run is evaluated
}

// Eval is the figures of package evaluate, as far as a run follows them.
type Eval struct {
	Count       int      `json:"count"`                 // images drawn
	Consistency *float64 `json:"consistency,omitempty"` // nil where there are no classes
	Frechet     float64  `json:"frechet"`
	Floor       float64  `json:"frechet_floor"`
	Precision   float64  `json:"precision"`
	Recall      float64  `json:"recall"`
	Density     float64  `json:"density"`
	Coverage    float64  `json:"coverage"`
	Diversity   float64  `json:"diversity"`
}

// ReadStats hands on the whole lines of dir/stats.jsonl from a byte on, in order, and gives the byte after the last one. A file that is not there has no lines.
func ReadStats(dir string, from int64, each func(Stats)) (int64, error) {
	file, err := os.Open(filepath.Join(dir, logName))
	if errors.Is(err, fs.ErrNotExist) {
		return from, nil
	}
	if err != nil {
		return from, fmt.Errorf("read the log of the run: %w", err)
	}
	defer file.Close()
	lines := bufio.NewReaderSize(io.NewSectionReader(file, from, 1<<62), 1<<16)
	for {
		line, err := lines.ReadSlice('\n')
		if err == io.EOF { // a line that is being written is one of the next time
			return from, nil
		}
		var s Stats
		if err == nil {
			err = json.Unmarshal(line, &s)
		}
		if err != nil {
			return from, fmt.Errorf("read the log of the run: %s, byte %d: %w", file.Name(), from, err)
		}
		each(s)
		from += int64(len(line))
	}
}

// LastStats is the last whole line of dir/stats.jsonl, or nothing.
func LastStats(dir string) (s Stats, ok bool) {
	file, err := os.Open(filepath.Join(dir, logName))
	if err != nil {
		return s, false
	}
	defer file.Close()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return s, false
	}
	tail := make([]byte, min(end, 4096)) // some lines
	if _, err := file.ReadAt(tail, end-int64(len(tail))); err != nil {
		return s, false
	}
	tail = tail[:bytes.LastIndexByte(tail, '\n')+1]
	line := bytes.TrimSuffix(tail, []byte("\n"))
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	return s, json.Unmarshal(line, &s) == nil
}
