//go:build !unix

package runfolder

import (
	"errors"
	"os"
)

// lock can't tell here who has the file.
func lock(*os.File) error { return errors.ErrUnsupported }
