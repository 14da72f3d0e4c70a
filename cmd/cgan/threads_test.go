package main

import (
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
	dir1 = "sys/fs/cgroup/cpu,cpuacct/"
)

func TestThreadsFollowQuotaAffinityAndEnvironment(t *testing.T) {
	tests := []struct {
		name     string
		root     fstest.MapFS
		cores    int
		env      map[string]string
		libtorch int
		want     int
		why      string
	}{
		{"nothing is limited", files(), 8, nil, 8, 8, "the cores that this process may use"},
		{"libtorch counts cores, the system their two threads", files(), 8, nil, 4, 4, "libtorch's choice"},
		{"affinity", files(), 3, nil, 8, 3, "the cores that this process may use"},
		{"version 2: a container sees its group as the top", files(groups, "0::/\n", mounts, mount2, "sys/fs/cgroup/cpu.max", "100000 100000\n"),
			8, nil, 8, 1, "a quota of 1 CPUs in /sys/fs/cgroup/cpu.max"},
		{"version 2: a service, limited by the slice around it",
			files(groups, "0::/a.slice/b.service\n", mounts, mount2,
				"sys/fs/cgroup/a.slice/cpu.max", "250000 100000\n", "sys/fs/cgroup/a.slice/b.service/cpu.max", "max 100000\n"),
			8, nil, 8, 2, "2.5 CPUs in /sys/fs/cgroup/a.slice/cpu.max"},
		{"version 2: the least of several", files(groups, "0::/a/b\n", mounts, mount2, "sys/fs/cgroup/a/cpu.max", "400000 100000\n",
			"sys/fs/cgroup/a/b/cpu.max", "150000 50000\n"), 8, nil, 8, 3, "/a/b/cpu.max"},
		{"version 2: less than a core", files(groups, "0::/\n", mounts, mount2, "sys/fs/cgroup/cpu.max", "20000 100000\n"), 8, nil, 8, 1, "0.2 CPUs"},
		{"version 2: max", files(groups, "0::/\n", mounts, mount2, "sys/fs/cgroup/cpu.max", "max 100000\n"), 8, nil, 8, 8, "the cores"},
		{"version 2: more than there are cores", files(groups, "0::/\n", mounts, mount2, "sys/fs/cgroup/cpu.max", "1600000 100000\n"), 8, nil, 8, 8, "cores"},
		{"version 2: another group's quota does not count", files(groups, "0::/mine\n", mounts, mount2, "sys/fs/cgroup/other/cpu.max", "100000 100000\n"),
			8, nil, 8, 8, "the cores"},
		{"version 1", files(groups, "4:memory:/\n3:cpu,cpuacct:/g\n0::/\n", mounts, mount1, dir1+"g/cpu.cfs_quota_us", "100000\n", dir1+"g/cpu.cfs_period_us", "100000\n"),
			2, nil, 2, 1, "/sys/fs/cgroup/cpu,cpuacct/g/cpu.cfs_quota_us"},
		{"version 1: none", files(groups, "3:cpu,cpuacct:/\n", mounts, mount1, dir1+"cpu.cfs_quota_us", "-1\n", dir1+"cpu.cfs_period_us", "100000\n"),
			2, nil, 2, 2, "the cores"},
		{"version 1: a container that sees the host's path, mounted at its own group",
			files(groups, "3:cpu,cpuacct:/docker/abc\n", mounts, strings.Replace(mount1, "0:27 / ", "0:27 /docker/abc ", 1),
				dir1+"cpu.cfs_quota_us", "300000\n", dir1+"cpu.cfs_period_us", "100000\n"),
			8, nil, 8, 3, "a quota of 3 CPUs"},
		{"a group outside of what is mounted", files(groups, "0::/../../x\n", mounts, mount2, "sys/fs/cgroup/cpu.max", "200000 100000\n"), 8, nil, 8, 2, "2 CPUs"},
		{"a mount with a space in its name", files(groups, "0::/\n", mounts, strings.Replace(mount2, "/sys/fs/cgroup ", `/a\040b `, 1), "a b/cpu.max", "200000 100000\n"),
			8, nil, 8, 2, "/a b/cpu.max"},
		{"version 1 and 2 at once", files(groups, "1:cpu:/\n0::/\n", mounts,
			"1 1 0:1 / /v1 rw - cgroup cgroup rw,cpu\n2 1 0:2 / /v2 rw - cgroup2 cgroup2 rw\n",
			"v1/cpu.cfs_quota_us", "200000\n", "v1/cpu.cfs_period_us", "100000\n"), 8, nil, 8, 2, "/v1/"},
		{"what can't be understood limits nothing", files(groups, "0::/\nnonsense\n", mounts, "short\n"+mount2, "sys/fs/cgroup/cpu.max", "many few\n"), 4, nil, 4, 4, "the cores"},
		{"OMP_NUM_THREADS is the user's word", files(groups, "0::/\n", mounts, mount2, "sys/fs/cgroup/cpu.max", "100000 100000\n"),
			8, map[string]string{"OMP_NUM_THREADS": "6,2"}, 6, 6, "OMP_NUM_THREADS"},
		{"one that OpenMP ignores is no word", files(groups, "0::/\n", mounts, mount2, "sys/fs/cgroup/cpu.max", "100000 100000\n"),
			8, map[string]string{"OMP_NUM_THREADS": "many"}, 8, 1, "quota"},
	}
	for _, test := range tests {
		h := host{root: test.root, cores: test.cores, getenv: func(name string) string { return test.env[name] }}
		if got := h.threads(test.libtorch); got.N != test.want || !strings.Contains(got.Why, test.why) {
			t.Errorf("%s: %d threads because of %q, want %d and %q", test.name, got.N, got.Why, test.want, test.why)
		}
	}
}

func TestLevel2(t *testing.T) {
	const cache = "sys/devices/system/cpu/cpu0/cache/"
	h := host{root: files(cache+"index0/level", "1\n", cache+"index0/size", "48K\n", cache+"index2/level", "2\n", cache+"index2/size", "2048K\n",
		cache+"index2/shared_cpu_list", "0-1\n")}
	if got := h.level2(); got != "2048K, of CPU 0-1" {
		t.Error(got)
	}
	if got := (host{root: files()}).level2(); got != "the system does not say" {
		t.Error(got)
	}
}
