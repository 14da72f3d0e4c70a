package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// threadCount is how many threads one op gets, and why as many.
type threadCount struct {
	N   int    `json:"threads"`
	Why string `json:"threads_why"`
}

// host is where threads looks.
type host struct {
	root   fs.FS               // the file system from / on
	cores  int                 // that this process may use by its affinity
	getenv func(string) string // of the environment
}

// threads is the number to take where the user names none: libtorch's own, which is what OMP_NUM_THREADS says or the
// machine's cores, but no more than the cores and the CPU time that this process may use. With more, threads that the
// kernel has stopped are waited for in each op.
func (h host) threads(libtorch int) threadCount {
	for _, name := range []string{"OMP_NUM_THREADS", "MKL_NUM_THREADS"} {
		first, _, _ := strings.Cut(h.getenv(name), ",") // a number for each level of nesting
		if n, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && n > 0 {
			return threadCount{libtorch, fmt.Sprintf("libtorch's choice with %s=%d", name, n)}
		}
	}
	t := threadCount{libtorch, "libtorch's choice, the cores of this machine"}
	if h.cores <= t.N {
		t = threadCount{max(h.cores, 1), "the cores that this process may use"}
	}
	if q := h.quota(); q.cpus < float64(t.N) {
		t = threadCount{max(int(q.cpus), 1), fmt.Sprintf("a quota of %.4g CPUs in %s", q.cpus, q.file)}
	}
	return t
}

// threadRate is what so many threads multiply together.
type threadRate struct {
	Threads int     `json:"threads"`
	GFLOPS  float64 `json:"gflops"` // GFLOP/s
}

// worthTrying are the numbers of threads to measure: one, half of the chosen, the chosen, and where those are cores of
// hyperthreads, all processors.
func (t threadCount) worthTrying(shared string, processors int) []int {
	all := []int{1, t.N / 2, t.N}
	if shared != "" {
		all = append(all, processors)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(n int) bool { return n < 1 })
}

// fewestOfFastest is the first of rates, the fewest threads first, within the noise of the fastest.
func fewestOfFastest(rates []threadRate) threadRate {
	fastest := slices.MaxFunc(rates, func(a, b threadRate) int { return cmp.Compare(a.GFLOPS, b.GFLOPS) })
	const noise = 0.05
	return rates[slices.IndexFunc(rates, func(r threadRate) bool { return r.GFLOPS >= (1-noise)*fastest.GFLOPS })]
}

// quota is the CPU time that a control group may use, in CPUs, and the file that says so.
type quota struct {
	cpus float64
	file string
}

func (q quota) less(other quota) quota {
	if other.cpus < q.cpus {
		return other
	}
	return q
}

// quota is the least of the control groups that this process is in and of those around them, of both versions, as
// cgroups(7) says; infinite where none has one or nothing can be read.
func (h host) quota() quota {
	least := quota{cpus: math.Inf(1)}
	mounts := h.lines("proc/self/mountinfo")
	for _, line := range h.lines("proc/self/cgroup") {
		parts := strings.SplitN(line, ":", 3) // hierarchy:controllers:path
		if len(parts) != 3 {
			continue
		}
		for _, m := range mounts {
			if dir, top, ok := groupFolder(m, parts[1], parts[2]); ok {
				least = least.less(h.quotaUpTo(dir, top))
			}
		}
	}
	return least
}

// groupFolder gives the folder of a group of a hierarchy with these controllers below a mount, and the mount's own.
func groupFolder(mount, controllers, group string) (dir, top string, ok bool) {
	fields, kind, found := strings.Cut(mount, " - ")
	place, kinds := strings.Fields(fields), strings.Fields(kind)
	if !found || len(place) < 5 || len(kinds) < 3 {
		return "", "", false
	}
	switch {
	case kinds[0] == "cgroup2" && controllers == "":
	case kinds[0] == "cgroup" && hasWord(controllers, "cpu") && hasWord(kinds[2], "cpu"):
	default:
		return "", "", false
	}
	root, top := unescape(place[3]), strings.TrimPrefix(path.Clean(unescape(place[4])), "/")
	below, inside := strings.CutPrefix(group+"/", strings.TrimSuffix(root, "/")+"/")
	if !inside || strings.Contains(group, "..") { // the group is outside of this mount, whose top is all that is seen
		below = ""
	}
	return path.Join(top, below), top, true
}

func hasWord(list, word string) bool {
	for _, w := range strings.Split(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// quotaUpTo is the least quota from a group's folder up to top.
func (h host) quotaUpTo(dir, top string) quota {
	least := quota{cpus: math.Inf(1)}
	for {
		least = least.less(h.quotaIn(dir))
		if dir == top || len(dir) < len(top) || dir == "." {
			return least
		}
		dir = path.Dir(dir)
	}
}

// quotaIn is the quota of one group: cpu.max of version 2, or the two files of version 1.
func (h host) quotaIn(dir string) quota {
	if lines := h.lines(path.Join(dir, "cpu.max")); len(lines) > 0 {
		of, period, _ := strings.Cut(lines[0], " ")
		return ratio(of, period, path.Join("/", dir, "cpu.max"))
	}
	of := h.lines(path.Join(dir, "cpu.cfs_quota_us"))
	period := h.lines(path.Join(dir, "cpu.cfs_period_us"))
	if len(of) == 0 || len(period) == 0 {
		return quota{cpus: math.Inf(1)}
	}
	return ratio(of[0], period[0], path.Join("/", dir, "cpu.cfs_quota_us"))
}

// ratio is no limit for max, -1 and what is not a number.
func ratio(of, period, file string) quota {
	a, err1 := strconv.ParseFloat(strings.TrimSpace(of), 64)
	b, err2 := strconv.ParseFloat(strings.TrimSpace(period), 64)
	if err1 != nil || err2 != nil || !(a > 0 && b > 0) {
		return quota{cpus: math.Inf(1)}
	}
	return quota{a / b, file}
}

// lines reads a small text file, none where it can't be read.
func (h host) lines(name string) []string {
	text, err := fs.ReadFile(h.root, name)
	if err != nil || len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// unescape undoes mountinfo's \040 and the like.
func unescape(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if v, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				out.WriteByte(byte(v))
				i += 3
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// shared says of processors that are hyperthreads of one core that they are, or nothing.
func (h host) shared() string {
	lists, _ := fs.Glob(h.root, "sys/devices/system/cpu/cpu*/topology/thread_siblings_list")
	cores := map[string]bool{}
	for _, name := range lists {
		if list := h.lines(name); len(list) > 0 {
			cores[list[0]] = true
		}
	}
	if len(cores) == 0 || len(cores) == len(lists) {
		return ""
	}
	return fmt.Sprintf("the %d processors are hyperthreads: there are only %d cores", len(lists), len(cores))
}

// level2 is the second level of cache of the first core, as "2048K", or what is in the way of knowing.
func (h host) level2() string {
	const caches = "sys/devices/system/cpu/cpu0/cache"
	found, _ := fs.Glob(h.root, caches+"/index*")
	for _, dir := range found {
		if level := h.lines(dir + "/level"); len(level) == 0 || level[0] != "2" {
			continue
		}
		if size := h.lines(dir + "/size"); len(size) > 0 {
			text := size[0]
			if shared := h.lines(dir + "/shared_cpu_list"); len(shared) > 0 {
				text += ", of CPU " + shared[0]
			}
			return text
		}
	}
	return "the system does not say"
}
