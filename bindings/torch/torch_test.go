package torch

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
)

// do runs fn in a scope and ends the test when it fails.
func do(t *testing.T, fn func()) {
	t.Helper()
	if err := Do(t.Name(), func() error { fn(); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestScopeFreesWhatIsNotKept(t *testing.T) {
	before := Live()
	var kept *Tensor
	do(t, func() {
		kept = Full([]int64{2}, 3, CPU).Keep()
		Scope(func() {
			kept.Add(kept)
			if got := Live() - before; got != 2 {
				t.Errorf("%d tensors live inside the inner scope, want 2", got)
			}
		})
		if got := Live() - before; got != 1 {
			t.Errorf("%d tensors live after the inner scope, want 1", got)
		}
	})
	if got := Live() - before; got != 1 {
		t.Fatalf("%d tensors live after the scope, want the kept one", got)
	}
	kept.Free()
	kept.Free() // harmless
	if got := Live() - before; got != 0 {
		t.Errorf("%d tensors live in the end, want 0", got)
	}
}

func TestScopeFreesAfterFailure(t *testing.T) {
	before := Live()
	err := Do("multiply", func() error {
		a, b := Zeros([]int64{2, 3}, Float32, CPU), Zeros([]int64{4}, Float32, CPU)
		a.Add(b)
		return nil
	})
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want an *Error", err)
	}
	want := "multiply: add on [2 3] and [4]: The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1"
	if failure.Error() != want {
		t.Errorf("got  %s\nwant %s", failure, want)
	}
	if Live() != before {
		t.Errorf("%d tensors leaked", Live()-before)
	}
}

func TestMisuseIsAnError(t *testing.T) {
	var outlived *Tensor
	do(t, func() { outlived = Eye(2, CPU) })
	for _, c := range []struct {
		name, want string
		fn         func()
	}{
		{"freed", "already freed", func() { outlived.Sqrt() }},
		{"wrong type", "the tensor is int64", func() { FromInt64s([]int64{1}).Float32s() }},
		{"item of many", "more than one value", func() { Eye(2, CPU).Item() }},
		{"no such dimension", "no dimension 5", func() { Eye(2, CPU).Size(5) }},
		{"bytes of another size", "tensor holds 16 bytes, the buffer 3", func() { Eye(2, CPU).SetBytes(make([]byte, 3)) }},
		{"backward of many", "grad can be implicitly created only for scalar outputs", func() { Eye(2, CPU).RequiresGrad_(true).Sqrt().Backward() }},
	} {
		err := Do(c.name, func() error { c.fn(); return nil })
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), c.name+": ") {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestOpOutsideOfAScopeSaysSo(t *testing.T) {
	defer func() {
		failure, ok := recover().(*Error)
		if !ok || !strings.Contains(failure.Error(), "outside of torch.Do") {
			t.Errorf("got %v", failure)
		}
	}()
	Eye(2, CPU)
}

func TestOtherPanicsPassThrough(t *testing.T) {
	before := Live()
	defer func() {
		if recover() != "mine" {
			t.Error("the panic did not pass")
		}
		if Live() != before {
			t.Errorf("%d tensors leaked", Live()-before)
		}
	}()
	_ = Do("", func() error { Eye(2, CPU); panic("mine") })
}

func TestScopesOfGoroutinesAreApart(t *testing.T) {
	before := Live()
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 50 {
				if err := Do("", func() error { Eye(3, CPU).Add(Eye(3, CPU)).Sqrt(); return nil }); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	if Live() != before {
		t.Errorf("%d tensors leaked", Live()-before)
	}
}

// >>> torch.manual_seed(0); torch.randn(3); torch.randint(10, (5,)); torch.empty((), dtype=torch.int64).random_()
// tensor([ 1.5410, -0.2934, -2.1788])  tensor([5, 6, 9, 8, 3]) ...
func TestRandomNumbersFollowTheSeed(t *testing.T) {
	draw := func() (values []float32, more []int64) {
		ManualSeed(0)
		values = Randn([]int64{3}, CPU).Float32s()
		return values, append(Randint(10, []int64{5}, CPU).Int64s(), RandomSeed())
	}
	do(t, func() {
		values, more := draw()
		for i, want := range []float64{1.5410, -0.2934, -2.1788} {
			if math.Abs(float64(values[i])-want) > 5e-5 {
				t.Errorf("value %d is %v, Python's is %v", i, values[i], want)
			}
		}
		again, moreAgain := draw()
		if !slices.Equal(values, again) || !slices.Equal(more, moreAgain) {
			t.Error("the same seed gave other numbers")
		}
		if more[5] < 0 {
			t.Errorf("the drawn seed %d is negative", more[5])
		}
	})
}

func TestGeneratorLeavesTheDefaultOneAlone(t *testing.T) {
	do(t, func() {
		ManualSeed(1)
		want := Randn([]int64{4}, CPU).Float32s()
		ManualSeed(1)
		g := NewGenerator(7)
		defer g.Free()
		order := g.Randperm(100).Int64s()
		if got := Randn([]int64{4}, CPU).Float32s(); !slices.Equal(got, want) {
			t.Error("a generator of its own moved the default one")
		}
		slices.Sort(order)
		for i, v := range order {
			if int64(i) != v {
				t.Fatalf("not a permutation: %v", order)
			}
		}
	})
}

func TestNoGradNests(t *testing.T) {
	do(t, func() {
		x := Full([]int64{1}, 4, CPU).RequiresGrad_(true)
		NoGrad(func() {
			NoGrad(func() {})
			if err := Do("", func() error { x.Sqrt().Backward(); return nil }); err == nil {
				t.Error("the end of the inner NoGrad switched gradients on")
			}
		})
		x.Sqrt().Backward()
		if got := x.Grad().Item(); got != 0.25 { // d sqrt(x)/dx at 4
			t.Errorf("the gradient is %v, want 0.25", got)
		}
		x.ZeroGrad()
		if x.Grad() != nil {
			t.Error("ZeroGrad left a gradient")
		}
	})
}

func TestBytesGoBothWays(t *testing.T) {
	do(t, func() {
		want := []float32{1, -2, 0.5, float32(math.Inf(1)), 3, 4}
		a := FromFloat32s(want, []int64{2, 3})
		b := Zeros([]int64{2, 3}, Float32, CPU)
		b.SetBytes(a.Bytes())
		if got := b.Float32s(); !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
		if got := a.Narrow(1, 1, 1).Float32s(); !slices.Equal(got, []float32{-2, 3}) {
			t.Errorf("a view that is not contiguous gave %v", got)
		}
		if empty := FromInt64s(nil); len(empty.Int64s()) != 0 || empty.Numel() != 0 {
			t.Error("an empty tensor is not empty")
		}
	})
}

// A run's config.json holds the device by its own name.
func TestADeviceIsKnownByItsName(t *testing.T) {
	for _, device := range []Device{CPU, CUDA0} {
		parsed, err := ParseDevice(device.String())
		var missing *CUDAError
		if err != nil && (device == CPU || !errors.As(err, &missing)) || err == nil && parsed != device {
			t.Errorf("%s is read as %s, %v", device, parsed, err)
		}
	}
}
