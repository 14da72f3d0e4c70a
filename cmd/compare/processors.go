package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// The report has a section for each kind of processor, between its mark and the next one. What was measured on another
// kind, or with CUDA, stays as it is.
const (
	markBegin = "<!-- processor: "
	markEnd   = " -->"
	cudaHead  = "## CUDA\n"
)

// title is the kind of processor, for people.
func (r results) title() string {
	if r.held != "" {
		return fmt.Sprintf("%s, held to %s", r.cpu, r.kernels())
	}
	return fmt.Sprintf("%s, %s", r.cpu, r.kernels())
}

func (r results) mark() string { return markBegin + r.title() + markEnd }

var noFileName = regexp.MustCompile("[^a-z0-9]+")

// plotFile is the section's own picture.
func (r results) plotFile() string {
	return ".github/scaling-" + strings.Trim(noFileName.ReplaceAllString(strings.ToLower(r.title()), "-"), "-") + ".png"
}

// placed is a report with the section in the place of the one with its mark, else behind the others with marks of that kind.
func placed(report, mark, section string) string {
	kind, _, _ := strings.Cut(mark, ": ")
	begin := strings.Index(report, mark)
	if begin < 0 {
		begin = endOfSection(report, 0)
		return report[:begin] + section + "\n" + report[begin:]
	}
	end := endOfSection(report, begin+len(mark))
	if next := strings.Index(report[begin+len(mark):end], kind); next >= 0 {
		end = begin + len(mark) + next
	}
	return report[:begin] + section + "\n" + report[end:]
}

// writePlaced writes a section into a report.
func writePlaced(report, mark, section string) error {
	before, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	return os.WriteFile(report, []byte(placed(string(before), mark, section)), 0o644)
}

// endOfSection is where the processors' sections end: before CUDA's.
func endOfSection(report string, from int) int {
	if at := strings.Index(report[from:], cudaHead); at >= 0 {
		return from + at
	}
	return len(report)
}

// narrower says how PyTorch and its libraries are held to the instructions of a kernel set.
var narrower = map[string][]string{
	"avx512": {"ATEN_CPU_CAPABILITY=avx512", "ONEDNN_MAX_CPU_ISA=AVX512_CORE", "MKL_ENABLE_INSTRUCTIONS=AVX512"},
	"avx2":   {"ATEN_CPU_CAPABILITY=avx2", "ONEDNN_MAX_CPU_ISA=AVX2", "MKL_ENABLE_INSTRUCTIONS=AVX2"},
}

// hold has cgan, PyTorch and OpenVINO from now on do with a narrower set of instructions. onnxruntime, JAX and TensorFlow know no
// such setting, and are left out. An empty one changes nothing.
func hold(set string) error {
	if set == "" {
		return nil
	}
	variables, known := narrower[set]
	if !known {
		var names []string
		for name := range narrower {
			names = append(names, name)
		}
		slices.Sort(names)
		return fmt.Errorf("--held-to %s: there are %s", set, strings.Join(names, ", "))
	}
	for _, v := range append(variables, "CGAN_KERNELS="+set) {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}
