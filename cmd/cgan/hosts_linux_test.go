package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// hosts are two machines as far as processes can see: network namespaces with a cable between them, each with a name of its own.
type hosts struct {
	t   *testing.T
	pid [2]int // of a process that keeps the namespaces
}

// hostNames and hostAddresses are what they are called.
var hostNames, hostAddresses = [2]string{"hosta", "hostb"}, [2]string{"10.77.0.1", "10.77.0.2"}

func twoHosts(t *testing.T) hosts {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	for _, program := range []string{"unshare", "nsenter", "ip"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%v: util-linux and iproute2 have what makes network namespaces", err)
		}
	}
	names := writeFile(t, filepath.Join(t.TempDir(), "hosts"), fmt.Appendf(nil, "127.0.0.1 localhost\n%s %s\n%s %s\n",
		hostAddresses[0], hostNames[0], hostAddresses[1], hostNames[1]))
	h := hosts{t: t}
	for i := range h.pid {
		h.pid[i] = h.boot(hostNames[i], names)
	}
	h.must("ip", "link", "add", "eth0", "netns", fmt.Sprint(h.pid[0]), "type", "veth", "peer", "name", "eth0", "netns", fmt.Sprint(h.pid[1]))
	for i := range h.pid {
		h.must(h.on(i, "ip", "address", "add", hostAddresses[i]+"/24", "dev", "eth0")...)
		h.link(i, "up")
	}
	return h
}

// boot starts what keeps one host's namespaces.
func (h hosts) boot(name, hostsFile string) int {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "unshare", "--net", "--uts", "--mount", "sh", "-c",
		"hostname "+name+" && mount --bind "+hostsFile+" /etc/hosts && ip link set lo up && echo up && exec sleep infinity")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
		h.t.Skip("this system makes no namespaces for networks, host names and mounts")
	}
	return cmd.Process.Pid
}

// on is a command line that runs on host i.
func (h hosts) on(i int, args ...string) []string {
	return slices.Concat([]string{"nsenter", "--target", fmt.Sprint(h.pid[i]), "--net", "--uts", "--mount", "--"}, args)
}

func (h hosts) must(args ...string) {
	h.t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %v, %s", args, err, out)
	}
}

// link plugs host i's cable in or out, up or down.
func (h hosts) link(i int, to string) {
	h.t.Helper()
	h.must(h.on(i, "ip", "link", "set", "eth0", to)...)
}

// move makes cmd run on host i.
func (h hosts) move(i int, cmd *exec.Cmd) {
	cmd.Args = h.on(i, append([]string{cmd.Path}, cmd.Args[1:]...)...)
	cmd.Path, _ = exec.LookPath(cmd.Args[0])
}

// listening are the addresses in hexadecimal that TCP ports of host i are open on.
func (h hosts) listening(i int) (all []string) {
	h.t.Helper()
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", h.pid[i], table))
		if err != nil {
			h.t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if fields := strings.Fields(line); len(fields) > 3 && fields[3] == "0A" {
				address, _, _ := strings.Cut(fields[1], ":")
				all = append(all, address)
			}
		}
	}
	return all
}

// pair starts a rank on each host, without an end, and waits for a save.
func (o *torture) pair(h hosts) (ranks [2]member) {
	o.t.Helper()
	before, begin := o.newest(), []string{"--resume", o.run}
	if o.run == "" {
		begin = []string{"--out", o.out}
	}
	for i := range ranks {
		m := member{o.command(append(begin, "--save-every", "1", "--keep", "2", "--steps", "1000000", "--dist-timeout", "3s")...), &said{}}
		m.Stderr = m.told
		m.Env = append(m.Env, fmt.Sprintf("RANK=%d", i), "WORLD_SIZE=2", "MASTER_ADDR="+hostNames[0], "MASTER_PORT=29500", "GLOO_SOCKET_IFNAME=eth0")
		h.move(i, m.Cmd)
		if err := m.Start(); err != nil {
			o.t.Fatal(err)
		}
		ranks[i] = m
	}
	for deadline := time.Now().Add(time.Minute); o.newest() == before && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	return ranks
}
