package weights

import (
	"os"
	"path/filepath"
	"runtime"
)

// syncFolder makes a rename last through a power cut. Windows cannot sync a folder and needs not.
func syncFolder(target string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(filepath.Dir(target))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
