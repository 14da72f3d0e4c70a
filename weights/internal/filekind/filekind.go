// Package filekind names what is not a regular file, for readers and writers of files.
package filekind

import "io/fs"

// Name says in words what is not a regular file.
func Name(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "no regular file"
}
