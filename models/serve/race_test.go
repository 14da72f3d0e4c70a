//go:build race

package serve

func init() { raced = true }
