package train

import (
	"os"
	"path/filepath"
	"slices"

	"cgan/models"
	"cgan/weights"
)

// LoadGenerator makes a generator from a weights file, or from the last checkpoint of a run folder.
// It runs outside of torch.Do; the error names the file.
func LoadGenerator(runOrFile string) (*models.Generator, models.Config, error) {
	path, err := weightsFile(runOrFile)
	if err != nil {
		return nil, models.Config{}, err
	}
	file, err := weights.Open(path)
	if err != nil {
		return nil, models.Config{}, err
	}
	state, err := weights.FindStateDict(file.Root, "")
	if err != nil {
		return nil, models.Config{}, &weights.FormatError{File: path, Reason: err.Error()}
	}
	g, c, err := models.LoadGenerator(state)
	if err != nil {
		return nil, c, &weights.FormatError{File: path, Reason: err.Error()}
	}
	return g, c, nil
}

// weightsFile is path itself, or the checkpoint of the highest step where path is a run folder.
func weightsFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", &weights.FormatError{File: path, Reason: "there is no such file or run folder"}
	}
	if !info.IsDir() {
		return path, nil
	}
	checkpoints, _ := filepath.Glob(filepath.Join(path, "checkpoint-*.pt"))
	if len(checkpoints) == 0 {
		return "", &weights.FormatError{File: path, Reason: "the folder holds no checkpoint-*.pt: name a run folder such as runs/00000-mnist, or a file"}
	}
	return slices.Max(checkpoints), nil
}
