package serve

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgan/bindings/torch"
)

// sayVersion has the test binary print the version of a network on PyTorch's ops.
const sayVersion = "CGAN_TEST_SAY_VERSION"

func TestSayVersion(t *testing.T) {
	if os.Getenv(sayVersion) == "" {
		t.Skip("for TestTheVersionNamesWhatBytesDependOn")
	}
	fmt.Println("version", versionOf(t))
}

func versionOf(t *testing.T) string {
	t.Helper()
	m := kindsOfNetwork(t)[1]
	for _, e := range m.Weights.Generator {
		clear(e.Tensor.Data) // random ones are others on another processor
	}
	return newTest(t, nil, m).current.models[0].Version
}

// elsewhere is the version that a program says in a process of its own.
func elsewhere(t *testing.T, program string, env ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, "-test.run=^TestSayVersion$", "-test.v")
	c.Env = append(append(os.Environ(), sayVersion+"=1"), env...)
	out, err := c.CombinedOutput()
	_, version, found := strings.Cut(string(out), "version ")
	if err != nil || !found {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Fields(version)[0]
}

// Bytes of the same weights differ by the program, and on PyTorch's ops by processor and threads: a strong tag must tell them apart.
func TestTheVersionNamesWhatBytesDependOn(t *testing.T) {
	here := versionOf(t)
	if again := elsewhere(t, os.Args[0]); again != here {
		t.Errorf("the same program has %s, then %s", here, again)
	}
	if other := elsewhere(t, os.Args[0], "ATEN_CPU_CAPABILITY=default"); other == here && torch.CPUCapability() != "DEFAULT" {
		t.Error("a processor without vectors has the same version")
	}
	content, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	built := filepath.Join(t.TempDir(), "another.test")
	if err := os.WriteFile(built, append(content, 0), 0o755); err != nil {
		t.Fatal(err)
	}
	if elsewhere(t, built) == here {
		t.Error("another build has the same version")
	}

	article := newTest(t, nil).current.models[0].Version
	threads := 0
	set := func(n int) {
		if err := torch.Do("set threads", func() error { threads = torch.NumThreads(); torch.SetNumThreads(n); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	set(3)
	before := threads
	defer func() { set(before) }()
	if versionOf(t) == here && before != 3 {
		t.Error("other threads have the same version")
	}
	if newTest(t, nil).current.models[0].Version != article {
		t.Error("on kernels the version depends on threads, which no byte does")
	}
}
