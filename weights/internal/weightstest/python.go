package weightstest

import (
	"os"
	"testing"
)

// Pythons returns the interpreters with torch that the environment names, by variable.
func Pythons(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, name := range []string{"CGAN_PYTHON_210", "CGAN_PYTHON_215"} {
		if path := os.Getenv(name); path != "" {
			found[name] = path
		}
	}
	if len(found) == 0 {
		t.Skip("set CGAN_PYTHON_210 and CGAN_PYTHON_215 to Python executables with torch 2.1 and 2.15 to compare with torch")
	}
	return found
}
