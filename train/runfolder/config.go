package runfolder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"cgan/weights"
	"cgan/weights/atomicfile"
)

const configName = "config.json"

// maxConfig is far beyond what WriteConfig writes, so that another file is not read whole.
const maxConfig = 1 << 20

// WriteConfig writes the settings of a run to dir/config.json, whole or not at all, in place of those before.
func WriteConfig(disk atomicfile.Disk, dir string, config any) error {
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	return disk.Write(filepath.Join(dir, configName), true, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// ReadConfig reads what WriteConfig wrote into config, a pointer; what the file does not say stays as it is there.
// The error is a *weights.FormatError, or ConfigError's.
func ReadConfig(dir string, config any) error {
	path := filepath.Join(dir, configName)
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() { // opening a pipe would wait for ever
		return ConfigError(dir, errors.New("it is no regular file"))
	}
	if err == nil && info.Size() > maxConfig {
		return ConfigError(dir, fmt.Errorf("it is longer than %d bytes", maxConfig))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ConfigError(dir, plainCause(err))
	}
	if err := json.Unmarshal(text, config); err != nil {
		return ConfigError(dir, jsonCause(err))
	}
	return nil
}

// ConfigError says what is wrong with the settings of a run, and what to do.
func ConfigError(dir string, cause error) error {
	return &weights.FormatError{File: filepath.Join(dir, configName), Reason: fmt.Sprintf(
		"the settings of the run can't be read: %v: put the file back, or name a checkpoint-*.pt of the folder in place of it", cause)}
}

// plainCause is why a file was not read, without its name.
func plainCause(err error) error {
	var path *fs.PathError
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no such file")
	}
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// jsonCause names the byte or the field at fault.
func jsonCause(err error) error {
	var syntax *json.SyntaxError
	var field *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("byte %d: it is not JSON (%w)", syntax.Offset, err)
	case errors.As(err, &field) && field.Field != "":
		return fmt.Errorf("%s is a %s, which it can't be", field.Field, field.Value)
	case errors.As(err, &field):
		return fmt.Errorf("it holds a %s, not an object", field.Value)
	}
	return err
}
