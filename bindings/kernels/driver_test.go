package kernels

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// object is one source of the driver in testdata, which tests all that a kernel set offers.
type object struct {
	source   string
	emulates string // the set's function, under another name and on the instructions of emulate.h
}

// objects are the sources for this processor: each set, and those again on emulated instructions that can't run here.
func objects() []object {
	all := []object{{"testdata/driver.cpp", ""}, {"reference.cpp", ""}}
	for _, set := range setsOf[arch] {
		source := set + "_" + arch + ".cpp"
		all = append(all, object{source, ""})
		if _, err := Find(set); arch == "amd64" && (err != nil || emulateAll) {
			all = append(all, object{source, set})
		}
	}
	return all
}

var setsOf = map[string][]string{
	"amd64": {"amx", "avx512_bf16", "avx512", "avx2"},
	"arm64": {"neon_bf16", "neon"},
}

// cross compiles the driver for 64-bit Arm and runs it in qemu, as make arm64 does.
var cross = os.Getenv("CGAN_CROSS") == "arm64"

// arch is what the driver is compiled for.
var arch = func() string {
	if cross {
		return "arm64"
	}
	return runtime.GOARCH
}()

// emulateAll is for those who change the emulation: else only the sets that this machine lacks are emulated.
var emulateAll = os.Getenv("CGAN_EMULATE") == "all"

// sanitize has the flags of make sanitize, or nothing.
var sanitize = strings.Fields(os.Getenv("CGAN_SANITIZE"))

func (o object) flags() []string {
	flags := append([]string{"-std=c++17", "-O1", "-g1", "-w"}, sanitize...)
	if o.emulates != "" {
		flags = append(flags, "-DCGAN_EMULATE", fmt.Sprintf("-D%s=emulated_%[1]s", o.emulates), "-include", "testdata/emulate.h")
	}
	return flags
}

// sets are those that the driver tests.
func sets() (names []string) {
	names = append([]string{Reference}, setsOf[arch]...)
	for _, o := range objects() {
		if o.emulates != "" {
			names = append(names, "emulated-"+o.emulates)
		}
	}
	return names
}

func TestEveryKernelIsPlainSums(t *testing.T) {
	driver := build(t)
	for _, set := range sets() {
		for seed := 1; seed <= 2; seed++ {
			t.Run(fmt.Sprintf("%s/%d", set, seed), func(t *testing.T) {
				t.Parallel()
				command := []string{driver, set, fmt.Sprint(seed)}
				if cross {
					command = append([]string{"qemu-aarch64", "-cpu", "max"}, command...)
				}
				out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
				var ended *exec.ExitError
				if errors.As(err, &ended) && ended.ExitCode() == 3 {
					t.Skipf("not run here: %s", out)
				}
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			})
		}
	}
}

// build compiles the driver. Objects are kept in Go's build cache folder by what goes into them, so that a changed
// kernel costs its own file alone.
func build(t *testing.T) string {
	t.Helper()
	compiler, err := exec.Command("go", "env", "CXX").Output()
	cxx := strings.Fields(string(compiler))
	if cross {
		cxx = []string{"aarch64-linux-gnu-g++", "-static"}
	}
	if err != nil || len(cxx) == 0 {
		t.Fatalf("go env CXX: %q, %v", compiler, err)
	}
	if version, err := exec.Command(cxx[0], append(cxx[1:], "--version")...).Output(); err == nil {
		cxx = append(cxx, "-DCGAN_COMPILER="+digest(version)) // another compiler makes other objects
	}
	folder := cacheFolder(t)
	paths, failures := make([]string, len(objects())), make([]error, len(objects()))
	var all sync.WaitGroup
	places := make(chan struct{}, runtime.NumCPU())
	for i, o := range objects() {
		command := append(append(append([]string{}, cxx...), o.flags()...), "-c", o.source)
		paths[i] = filepath.Join(folder, digest(o.text(t), []byte(strings.Join(command, " ")))+".o")
		all.Add(1)
		go func() {
			defer all.Done()
			places <- struct{}{}
			failures[i] = compile(command, paths[i])
			<-places
		}()
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	driver := filepath.Join(t.TempDir(), "driver")
	link := append(append(append([]string{}, cxx...), sanitize...), append(paths, "-o", driver)...)
	if out, err := exec.Command(link[0], link[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(link, " "), err, out)
	}
	return driver
}

func compile(command []string, path string) error {
	if now := time.Now(); os.Chtimes(path, now, now) == nil { // it is there, and in use: see cacheFolder
		return nil
	}
	temp := fmt.Sprintf("%s.%d", path, os.Getpid())
	defer os.Remove(temp)
	if out, err := exec.Command(command[0], append(command[1:], "-o", temp)...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
	}
	return os.Rename(temp, path)
}

// cacheFolder is one for objects that outlives the test where there is a cache, else one that does not. What was not
// used for five days goes, as in Go's own cache.
func cacheFolder(t *testing.T) string {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	folder := filepath.Join(strings.TrimSpace(string(cache)), "cgan-kernels")
	if err != nil || os.MkdirAll(folder, 0o755) != nil {
		return t.TempDir()
	}
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > 5*24*time.Hour {
			os.Remove(filepath.Join(folder, e.Name())) // another test may have
		}
	}
	return folder
}

var included = regexp.MustCompile(`(?m)^#include "([^"]+)"`)

// text is all that goes into the object: its source and the headers of ours that it includes.
func (o object) text(t *testing.T) (all []byte) {
	t.Helper()
	paths := []string{o.source}
	if o.emulates != "" {
		paths = append(paths, "testdata/emulate.h")
	}
	for i := 0; i < len(paths); i++ {
		text, err := os.ReadFile(paths[i])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
		for _, m := range included.FindAllSubmatch(text, -1) {
			if path := filepath.Join(filepath.Dir(paths[i]), string(m[1])); !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return all
}

func digest(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}
