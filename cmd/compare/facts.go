package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// facts say where and on what bench ran.
type facts struct {
	cpu, memory, date string
	flags             []string // of the CPU, those that decide which kernels run
	cores, threads    int
	siblings          string // what to know of the cores: threads of one core share its arithmetic
	cgan, goVersion   string
}

// cpuFlags are the ones that matter here.
var cpuFlags = []string{"avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_fp16"}

func readFacts(ctx context.Context, threads int) (f facts, err error) {
	cpu, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return f, err
	}
	memory, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return f, err
	}
	f = facts{
		date: time.Now().Format(time.DateOnly), cores: runtime.NumCPU(), threads: threads,
		memory: memorySize(string(memory)), cgan: commit(ctx), goVersion: runtime.Version(),
	}
	f.cpu, f.flags = cpuModel(string(cpu))
	return f, nil
}

// commit is what git calls this checkout.
func commit(ctx context.Context) string {
	name, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return "of an unknown commit" // a copy of the sources without git is measured too
	}
	return strings.TrimSpace(string(name))
}

// cpuModel reads the first processor of /proc/cpuinfo.
func cpuModel(cpuinfo string) (model string, flags []string) {
	there := strings.Fields(field(cpuinfo, "flags"))
	for _, flag := range cpuFlags {
		if slices.Contains(there, flag) {
			flags = append(flags, flag)
		}
	}
	return field(cpuinfo, "model name"), flags
}

// memorySize reads the size of memory from /proc/meminfo.
func memorySize(meminfo string) string {
	kB, _, _ := strings.Cut(field(meminfo, "MemTotal"), " ")
	n, err := strconv.ParseFloat(kB, 64)
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f GiB", n/(1<<20))
}

// field is the value of the first line "name : value".
func field(text, name string) string {
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `[ \t]*:[ \t]*(.*)$`).FindStringSubmatch(text)
	if found == nil {
		return "unknown"
	}
	return strings.TrimSpace(found[1])
}
