package distributed

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"cgan/bindings/torch"
)

// A test starts its own binary once for each rank, which then runs the function of this name.
var ranks = map[string]func(*ProcessGroup) error{
	"collectives": func(g *ProcessGroup) error {
		one := torch.FromInt64s([]int64{int64(g.GetRank() + 1), int64(10 * g.GetRank())})
		g.AllReduce(one, Sum)
		most := torch.FromInt64s([]int64{int64(g.GetRank())})
		g.AllReduce(most, Max)
		first := torch.FromInt64s([]int64{int64(g.GetRank() + 7)})
		g.Broadcast(first, 1)
		all := g.AllGather(torch.FromInt64s([]int64{int64(g.GetRank()), 5}))
		g.Barrier()
		fmt.Println(one.Int64s(), most.Int64s(), first.Int64s(), all.Shape(), all.Int64s())
		return nil
	},
	"average":      func(g *ProcessGroup) error { return average(g, false) },
	"average bf16": func(g *ProcessGroup) error { return average(g, true) },
	"lose": func(g *ProcessGroup) error {
		if g.GetRank() == 1 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
				return err
			}
		}
		g.Barrier()
		return nil
	},
	"stop": func(g *ProcessGroup) error {
		if g.GetRank() == 1 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
				return err
			}
		}
		g.Barrier()
		return nil
	},
}

// average prints the gradients of a product whose other factor is the rank, in two backward passes.
func average(g *ProcessGroup, bf16 bool) error {
	weight := torch.FromFloat32s([]float32{1, 2, 3}, []int64{3}).RequiresGrad_(true)
	r := NewReducer(g, []*torch.Tensor{weight}, bf16)
	defer r.Free()
	for pass := range 2 {
		weight.ZeroGrad()
		r.Prepare()
		weight.MulScalar(float64(g.GetRank() + pass)).Sum().Backward()
		fmt.Println(weight.Grad().Float32s())
	}
	return nil
}

func TestMain(m *testing.M) {
	if name := os.Getenv("CGAN_TEST_RANK"); name != "" {
		os.Exit(beRank(ranks[name]))
	}
	os.Exit(m.Run())
}

func beRank(fn func(*ProcessGroup) error) int {
	l, err := ReadLaunch(os.Getenv)
	const timeout = 6 * time.Second
	connected := time.Now()
	if err == nil {
		var m *Meeting
		if m, err = Join(context.Background(), l, timeout); err == nil {
			if err = m.Agree(context.Background(), []Fact{{"data", os.Getenv("CGAN_TEST_DATA")}}); err == nil {
				err = torch.Do("test", func() error {
					g, err := InitProcessGroup(m)
					if err != nil {
						return err
					}
					connected = time.Now()
					return fn(g)
				})
				if err != nil {
					err = m.Lost(err)
				}
				if took := time.Since(connected); took > timeout {
					fmt.Println("too late, after", took)
				}
			}
		}
	}
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

// freePort is one that nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// start runs a rank with more variables, which go before those that are the same for all.
func start(t *testing.T, name, port string, rank, size int, more ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	var out strings.Builder
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CGAN_TEST_RANK="+name, fmt.Sprintf("RANK=%d", rank), fmt.Sprintf("WORLD_SIZE=%d", size),
		"MASTER_ADDR=127.0.0.1", "MASTER_PORT="+port, "OMP_NUM_THREADS=1")
	cmd.Env = append(cmd.Env, more...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, &out
}

func together(t *testing.T, name string, size int) (outs []string) {
	t.Helper()
	port := freePort(t)
	var all []*exec.Cmd
	var texts []*strings.Builder
	for rank := range size {
		cmd, out := start(t, name, port, rank, size)
		all, texts = append(all, cmd), append(texts, out)
	}
	for rank, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Errorf("rank %d: %v\n%s", rank, err, texts[rank])
		}
		outs = append(outs, texts[rank].String())
	}
	return outs
}

func TestCollectives(t *testing.T) {
	for size, want := range map[int]string{
		2: "[3 10] [1] [8] [2 2] [0 5 1 5]\n",
		3: "[6 30] [2] [8] [3 2] [0 5 1 5 2 5]\n",
	} {
		for rank, got := range together(t, "collectives", size) {
			if got != want {
				t.Errorf("rank %d of %d gave %q, want %q", rank, size, got, want)
			}
		}
	}
}

func TestGradientsAreAveraged(t *testing.T) {
	for _, name := range []string{"average", "average bf16"} {
		if name == "average bf16" && lacksBFloat16() {
			continue
		}
		for rank, got := range together(t, name, 2) {
			if want := "[0.5 0.5 0.5]\n[1.5 1.5 1.5]\n"; got != want {
				t.Errorf("%s: rank %d gave %q, want %q", name, rank, got, want)
			}
		}
	}
}

func TestALostRankIsNamed(t *testing.T) {
	for _, name := range []string{"lose", "stop"} {
		port := freePort(t)
		zero, out0 := start(t, name, port, 0, 3)
		_, _ = start(t, name, port, 1, 3)
		two, out2 := start(t, name, port, 2, 3)
		for _, cmd := range []*exec.Cmd{zero, two} {
			if cmd.Wait() == nil {
				t.Errorf("%s: a rank ended well", name)
			}
		}
		for _, out := range []*strings.Builder{out0, out2} {
			if !strings.Contains(out.String(), "rank 1 does not answer") || strings.Contains(out.String(), "too late") {
				t.Errorf("%s: it said %q", name, out)
			}
		}
	}
}

func TestRanksThatDifferAreRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		size int
		more string
		want string
	}{
		{"other data", 2, "CGAN_TEST_DATA=B", "rank 1 has another data than rank 0: B, and rank 0 A"},
		{"one more", 3, "CGAN_TEST_DATA=A", "rank 1 has another WORLD_SIZE than rank 0: 3, and rank 0 2"},
	} {
		port := freePort(t)
		zero, out0 := start(t, "collectives", port, 0, 2, "CGAN_TEST_DATA=A")
		one, out1 := start(t, "collectives", port, 1, test.size, test.more)
		_, _ = zero.Wait(), one.Wait()
		for rank, out := range []*strings.Builder{out0, out1} {
			if !strings.Contains(out.String(), test.want) {
				t.Errorf("%s: rank %d said %q, want %q", test.name, rank, out, test.want)
			}
		}
	}
}

func TestReadLaunch(t *testing.T) {
	all := map[string]string{"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "5"}
	for _, test := range []struct{ name, value, want string }{
		{"RANK", "2", "the last one is 1"}, {"RANK", "", `RANK is ""`}, {"WORLD_SIZE", "x", `WORLD_SIZE is "x"`},
		{"MASTER_ADDR", "", "MASTER_ADDR is not set"}, {"MASTER_PORT", "70000", "from 1 to 65535"},
	} {
		_, err := ReadLaunch(func(name string) string {
			if name == test.name {
				return test.value
			}
			return all[name]
		})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s=%s: %v, want %q", test.name, test.value, err, test.want)
		}
	}
	if l, err := ReadLaunch(func(string) string { return "" }); l != nil || err != nil {
		t.Errorf("without variables: %v, %v", l, err)
	}
}
