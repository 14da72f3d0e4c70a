package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// files makes a file system of path and text in turn.
func files(pairs ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return all
}

const (
	groups = "proc/self/cgroup"
	mounts = "proc/self/mountinfo"
	mount2 = "29 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	mount1 = "33 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n" +
		"34 25 0:28 / /sys/fs/cgroup/cpuset rw shared:10 - cgroup cgroup rw,cpuset\n"
	dir2 = "sys/fs/cgroup/"
	dir1 = "sys/fs/cgroup/cpu,cpuacct/"
)

// version2 is a process in a group of version 2, and the cpu.max of folders below the mount.
func version2(group string, folderMax ...string) fstest.MapFS {
	fs := files(groups, "0::"+group+"\n", mounts, mount2)
	for i := 0; i < len(folderMax); i += 2 {
		fs[dir2+folderMax[i]+"cpu.max"] = &fstest.MapFile{Data: []byte(folderMax[i+1] + "\n")}
	}
	return fs
}

// version1 is a process in a group of version 1, and the quota of the folder dir.
func version1(group, mount, dir, quota string) fstest.MapFS {
	return files(groups, "4:memory:/\n3:cpu,cpuacct:"+group+"\n0::/\n", mounts, mount,
		dir+"cpu.cfs_quota_us", quota+"\n", dir+"cpu.cfs_period_us", "100000\n")
}

func TestThreadsFollowQuotaAffinityAndEnvironment(t *testing.T) {
	inContainer := strings.Replace(mount1, "0:27 / ", "0:27 /docker/abc ", 1)
	withSpace := strings.Replace(mount2, "/sys/fs/cgroup ", `/a\040b `, 1)
	both := "1 1 0:1 / /v1 rw - cgroup cgroup rw,cpu\n2 1 0:2 / /v2 rw - cgroup2 cgroup2 rw\n"
	one := version2("/", "", "100000 100000")
	tests := []struct {
		name     string
		root     fstest.MapFS
		cores    int
		omp      string // OMP_NUM_THREADS
		libtorch int
		want     int
		why      string
	}{
		{"nothing is limited", files(), 8, "", 8, 8, "the cores that this process may use"},
		{"libtorch counts cores, the system their two threads", files(), 8, "", 4, 4, "libtorch's choice"},
		{"affinity", files(), 3, "", 8, 3, "the cores that this process may use"},
		{"2: a container sees its group as the top", one, 8, "", 8, 1, "a quota of 1 CPUs in /sys/fs/cgroup/cpu.max"},
		{"2: a service, limited by the slice around it",
			version2("/a.slice/b.service", "a.slice/", "250000 100000", "a.slice/b.service/", "max 100000"),
			8, "", 8, 2, "2.5 CPUs in /sys/fs/cgroup/a.slice/cpu.max"},
		{"2: the least of several", version2("/a/b", "a/", "400000 100000", "a/b/", "150000 50000"), 8, "", 8, 3, "/a/b/cpu.max"},
		{"2: less than a core", version2("/", "", "20000 100000"), 8, "", 8, 1, "0.2 CPUs"},
		{"2: no limit", version2("/", "", "max 100000"), 8, "", 8, 8, "the cores"},
		{"2: more than there are cores", version2("/", "", "1600000 100000"), 8, "", 8, 8, "the cores"},
		{"2: another group's does not count", version2("/mine", "other/", "100000 100000"), 8, "", 8, 8, "the cores"},
		{"2: a group outside of what is mounted", version2("/../../x", "", "200000 100000"), 8, "", 8, 2, "2 CPUs"},
		{"2: a mount with a space in its name",
			files(groups, "0::/\n", mounts, withSpace, "a b/cpu.max", "200000 100000\n"), 8, "", 8, 2, "/a b/cpu.max"},
		{"1", version1("/g", mount1, dir1+"g/", "100000"), 2, "", 2, 1, "/sys/fs/cgroup/cpu,cpuacct/g/cpu.cfs_quota_us"},
		{"1: no limit", version1("/", mount1, dir1, "-1"), 2, "", 2, 2, "the cores"},
		{"1: a container that sees the host's path", version1("/docker/abc", inContainer, dir1, "300000"), 8, "", 8, 3, "3 CPUs"},
		{"1 and 2 at once", files(groups, "1:cpu:/\n0::/\n", mounts, both,
			"v1/cpu.cfs_quota_us", "200000\n", "v1/cpu.cfs_period_us", "100000\n"), 8, "", 8, 2, "/v1/"},
		{"what can't be understood limits nothing",
			files(groups, "0::/\nnonsense\n", mounts, "short\n"+mount2, dir2+"cpu.max", "many few\n"), 4, "", 4, 4, "the cores"},
		{"OMP_NUM_THREADS is the user's word", one, 8, "6,2", 6, 6, "OMP_NUM_THREADS"},
		{"one that OpenMP ignores is no word", one, 8, "many", 8, 1, "quota"},
	}
	for _, test := range tests {
		getenv := func(name string) string { return map[string]string{"OMP_NUM_THREADS": test.omp}[name] }
		got := host{root: test.root, cores: test.cores, getenv: getenv}.threads(test.libtorch)
		if got.N != test.want || !strings.Contains(got.Why, test.why) {
			t.Errorf("%s: %d threads because of %q, want %d and %q", test.name, got.N, got.Why, test.want, test.why)
		}
	}
}

func TestHyperthreadsAreNamed(t *testing.T) {
	const list = "sys/devices/system/cpu/cpu%d/topology/thread_siblings_list"
	machine := func(siblings ...string) (h host) {
		root := files()
		for i, s := range siblings {
			root[fmt.Sprintf(list, i)] = &fstest.MapFile{Data: []byte(s + "\n")}
		}
		return host{root: root}
	}
	for _, test := range []struct {
		h    host
		want string
	}{
		{machine("0", "1"), ""},
		{machine("0-1", "0-1"), "the 2 processors are hyperthreads: there are only 1 cores"},
		{machine("0,2", "1,3", "0,2", "1,3"), "the 4 processors are hyperthreads: there are only 2 cores"},
		{machine(), ""},
	} {
		if got := test.h.shared(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestThreadsAreNamedByWhatTheyAreWorth(t *testing.T) {
	for _, test := range []struct {
		threads int
		rates   []threadRate
		want    string
	}{
		{2, []threadRate{{1, 100}, {2, 196}}, "2: why; measured: 2.0 times as fast as one"},
		{2, []threadRate{{1, 100}, {2, 103}}, "2: why; measured: 1.0 times as fast as one, and --threads 1 as fast as all: hyperthreads, or a busy machine"},
		{4, []threadRate{{1, 100}, {2, 200}, {4, 360}, {8, 365}}, "4: why; measured: 3.6 times as fast as one"},
		{4, []threadRate{{1, 100}, {2, 200}, {4, 350}, {8, 420}}, "4: why; measured: 3.5 times as fast as one, and --threads 8 1.2 times as fast as that"},
		{1, []threadRate{{1, 100}}, "1: why"},
		{1, nil, "1: why"}, // no kernels
	} {
		d := diagnosis{Why: "why", Rates: test.rates}
		d.Threads = test.threads
		if got := d.threadsText(); got != test.want {
			t.Errorf("got  %q\nwant %q", got, test.want)
		}
	}
}

func TestThreadsWorthTrying(t *testing.T) {
	for _, test := range []struct {
		chosen     int
		shared     string
		processors int
		want       []int
	}{
		{1, "", 1, []int{1}}, {2, "", 2, []int{1, 2}}, {8, "", 8, []int{1, 4, 8}}, {1, "hyperthreads", 2, []int{1, 2}}, {4, "hyperthreads", 8, []int{1, 2, 4, 8}},
	} {
		if got := (threadCount{N: test.chosen}).worthTrying(test.shared, test.processors); !slices.Equal(got, test.want) {
			t.Errorf("%v: got %v", test, got)
		}
	}
}

func TestLevel2(t *testing.T) {
	const cache = "sys/devices/system/cpu/cpu0/cache/"
	h := host{root: files(cache+"index0/level", "1\n", cache+"index0/size", "48K\n",
		cache+"index2/level", "2\n", cache+"index2/size", "2048K\n", cache+"index2/shared_cpu_list", "0-1\n")}
	if got := h.level2(); got != "2048K, of CPU 0-1" {
		t.Error(got)
	}
	if got := (host{root: files()}).level2(); got != "the system does not say" {
		t.Error(got)
	}
}
