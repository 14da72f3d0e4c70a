package train

import (
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"cgan/bindings/distributed"
	"cgan/bindings/nn"
	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

// Two ranks with SyncBatchNorm, each with half of a batch, have what BatchNorm of one process has of all of it: outputs, gradients,
// running statistics. Each rank is a process of its own.
func TestSyncBatchNormIsBatchNormOfAllImages(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	outs := make(chan string, 2)
	for rank := range 2 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSyncBatchNormOfARank$")
		cmd.Env = append(os.Environ(), fmt.Sprintf("RANK=%d", rank), "WORLD_SIZE=2", "MASTER_ADDR=127.0.0.1", "MASTER_PORT="+port)
		go func() {
			out, err := cmd.CombinedOutput()
			if err != nil {
				outs <- fmt.Sprintf("rank %d: %v\n%s", rank, err, out)
			}
			outs <- ""
		}()
	}
	for range 2 {
		if out := <-outs; out != "" {
			t.Error(out)
		}
	}
}

func TestSyncBatchNormOfARank(t *testing.T) {
	launch, err := distributed.ReadLaunch(os.Getenv)
	if launch == nil || err != nil {
		t.Skip("TestSyncBatchNormIsBatchNormOfAllImages runs it")
	}
	m, err := distributed.Join(t.Context(), launch, 20*time.Second)
	if err == nil {
		err = m.Agree(t.Context(), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	torchtest.Do(t, func() {
		g, err := distributed.InitProcessGroup(m)
		if err != nil {
			t.Fatal(err)
		}
		torch.ManualSeed(1)
		x, weights := torch.Randn([]int64{6, 4, 5, 5}, torch.CPU).AddScalar(3), torch.Randn([]int64{6, 4, 5, 5}, torch.CPU)
		all, each := nn.NewBatchNorm2d(4), nn.NewBatchNorm2d(4)
		each.SyncBatchNorm(nn.Sync{Ranks: 2, AllReduceSum: g.AllReduceSum})
		half := func(t *torch.Tensor) *torch.Tensor { return t.Narrow(0, int64(3*g.GetRank()), 3) }
		mine := half(x).Detach().RequiresGrad_(true)
		x.RequiresGrad_(true)
		y, wanted := each.Forward(mine), all.Forward(x)
		y.Mul(half(weights)).Sum().Backward()
		wanted.Mul(weights).Sum().Backward()
		close5(t, "outputs", y.Detach(), half(wanted.Detach()))
		close5(t, "gradients of the input", mine.Grad(), half(x.Grad()))
		for i, p := range each.Parameters() {
			sum := p.Grad()
			g.AllReduce(sum, distributed.Sum)
			close5(t, "gradients of parameters", sum, all.Parameters()[i].Grad())
		}
		for i, b := range each.Buffers()[:2] {
			close5(t, "running statistics", b, all.Buffers()[i])
		}
		g.Barrier()
	})
}

// close5 compares to 1e-5 of the greatest value.
func close5(t *testing.T, what string, got, want *torch.Tensor) {
	t.Helper()
	a, b := got.Reshape(-1).Float32s(), want.Reshape(-1).Float32s()
	most := 0.0
	for _, v := range b {
		most = max(most, math.Abs(float64(v)))
	}
	for i := range b {
		if math.Abs(float64(a[i]-b[i])) > 1e-5*most {
			t.Fatalf("%s: value %d is %v, of one process %v", what, i, a[i], b[i])
		}
	}
}
