package runfolder

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"cgan/weights/atomicfile"
)

// State is how a run stands.
type State string

// The states of a run.
const (
	Running     State = "running"
	Finished    State = "finished"    // it had all steps that were asked for
	Interrupted State = "interrupted" // it can be gone on with
	Diverged    State = "diverged"    // its numbers were none any more
	Unknown     State = "unknown"     // its folder does not say
)

const statusName = "status.json"

// Status is what a run folder notes of how its run stands.
type Status struct {
	State  State `json:"state"`
	Epochs int   `json:"epochs"` // asked for in all
	Steps  int   `json:"steps"`  // likewise
}

// WriteStatus writes dir/status.json, whole or not at all, in place of the one before.
func WriteStatus(disk atomicfile.Disk, dir string, s Status) error {
	return disk.Write(filepath.Join(dir, statusName), true, func(w io.Writer) error { return json.NewEncoder(w).Encode(s) })
}

// ReadStatus reads what WriteStatus wrote. A run that says it is running, but whose folder no process has, was killed: it is
// interrupted.
func ReadStatus(dir string) Status {
	s := Status{State: Unknown}
	if text, err := os.ReadFile(filepath.Join(dir, statusName)); err != nil || json.Unmarshal(text, &s) != nil {
		s = Status{State: Unknown}
	}
	if taken(dir) {
		s.State = Running
	} else if s.State == Running {
		s.State = Interrupted
	}
	return s
}
