//go:build !linux

package hugepages

// Use does nothing on this system.
func Use() error { return nil }
