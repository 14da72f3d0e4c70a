package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// libtorch is what one libtorch folder says of itself.
type libtorch struct {
	Dir         string // holds include/ and lib/
	Version     string // such as 2.15.0
	FullVersion string // such as 2.15.0+cu132; Version if the folder doesn't say
	Std         int    // the oldest C++ standard of its headers: 17 or 20
	ABI         int    // _GLIBCXX_USE_CXX11_ABI of its libraries: 0 or 1
	CUDA        bool   // has libtorch_cuda.so
	CPUBytes    int64  // size of libtorch_cpu.so, to notice an exchanged one
	Found       string // how it was found
}

func (lt libtorch) libDir() string { return filepath.Join(lt.Dir, "lib") }

const (
	cpuLib    = "lib/libtorch_cpu.so"
	c10Lib    = "lib/libc10.so"
	cudaLib   = "lib/libtorch_cuda.so"
	apiHeader = "include/torch/csrc/api/include/torch/all.h"
)

// The defines moved from the second file to the first one.
var versionHeaders = []string{"include/torch/headeronly/version.h", "include/torch/csrc/api/include/torch/version.h"}

// readFacts reads the facts of the libtorch in dir from its files.
func readFacts(dir string) (libtorch, error) {
	lt := libtorch{Dir: dir}
	for _, name := range []string{cpuLib, c10Lib, apiHeader} {
		info, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return lt, fmt.Errorf("%s has no %s", dir, name)
		} else if err != nil {
			return lt, err
		}
		if name == cpuLib {
			lt.CPUBytes = info.Size()
		}
	}
	_, err := os.Stat(filepath.Join(dir, cudaLib))
	lt.CUDA = err == nil
	if lt.Version, err = readVersion(dir); err != nil {
		return lt, err
	}
	if lt.Std, err = readStd(filepath.Join(dir, apiHeader)); err != nil {
		return lt, err
	}
	if lt.ABI, err = readABI(filepath.Join(dir, c10Lib)); err != nil {
		return lt, err
	}
	lt.FullVersion = readFullVersion(dir, lt.Version)
	return lt, nil
}

var versionDefine = regexp.MustCompile(`(?m)^#define TORCH_VERSION_(MAJOR|MINOR|PATCH)\s+(\d+)`)

func readVersion(dir string) (string, error) {
	for _, name := range versionHeaders {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		part := map[string]string{}
		for _, m := range versionDefine.FindAllStringSubmatch(string(text), -1) {
			part[m[1]] = m[2]
		}
		if len(part) == 3 {
			return part["MAJOR"] + "." + part["MINOR"] + "." + part["PATCH"], nil
		}
	}
	return "", fmt.Errorf("%s: no TORCH_VERSION_MAJOR, MINOR and PATCH in %s", dir, strings.Join(versionHeaders, " or "))
}

var stdError = regexp.MustCompile(`#error C\+\+(\d+) or later`)

func readStd(header string) (int, error) {
	text, err := os.ReadFile(header)
	if err != nil {
		return 0, err
	}
	m := stdError.FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%s doesn't say which C++ standard it needs", header)
	}
	return strconv.Atoi(string(m[1]))
}

// readABI tells from libtorch's own exported names which std::string they
// take. Names outside c10 don't count: libc10.so may carry a part of libstdc++
// that has both kinds.
func readABI(lib string) (int, error) {
	f, err := elf.Open(lib)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", lib, err)
	}
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", lib, err)
	}
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && strings.Contains(s.Name, "N3c10") && strings.Contains(s.Name, "__cxx11") {
			return 1, nil
		}
	}
	return 0, nil
}

var pyVersion = regexp.MustCompile(`(?m)^__version__ = '([^']+)'`)

// readFullVersion looks where Python's torch and the libtorch archives keep
// the version with its build tag.
func readFullVersion(dir, version string) string {
	full := ""
	if text, err := os.ReadFile(filepath.Join(dir, "version.py")); err == nil {
		if m := pyVersion.FindSubmatch(text); m != nil {
			full = string(m[1])
		}
	} else if text, err := os.ReadFile(filepath.Join(dir, "build-version")); err == nil {
		full = strings.TrimSpace(string(text))
	}
	if !strings.HasPrefix(full, version) {
		return version
	}
	return full
}
