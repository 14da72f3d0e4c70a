//go:build unix

package runfolder

import "golang.org/x/sys/unix"

// Free is the number of bytes that the user may still write to dir's disk.
func Free(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
