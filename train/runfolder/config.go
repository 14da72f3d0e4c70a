package runfolder

import (
	"encoding/json"
	"io"
	"path/filepath"

	"cgan/weights"
)

// WriteConfig writes the settings of a run to dir/config.json, whole or not at all.
func WriteConfig(dir string, config any) error {
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	return weights.WriteFile(filepath.Join(dir, "config.json"), false, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
