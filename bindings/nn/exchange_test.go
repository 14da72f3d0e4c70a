package nn

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
)

// layerCase is layers that testdata/layers.py and this test make and run alike.
type layerCase struct {
	Layers []madeLayer `json:"layers"`
	Shape  []int64     `json:"shape"` // of what goes in
	Rows   int64       `json:"rows"`  // what goes in is numbers below it, or 0 for normal values
	Seed   int64       `json:"seed"`
	BF16   bool        `json:"bf16"`
}

// madeLayer is a class of torch.nn with its arguments, and the layer that should be the same.
type madeLayer struct {
	Op       string         `json:"op"`
	Args     map[string]any `json:"args"`
	Spectral bool           `json:"spectral"`
	new      func() Module
}

type args = map[string]any

type result struct {
	Name  string `json:"name"`
	Bytes []byte `json:"bytes"`
}

// New layers, what they make in training and evaluation, their gradients and running statistics have the bits of torch.nn's,
// in exact mode and with bfloat16 as under torch.autocast.
func TestLayersAreTorchs(t *testing.T) {
	python := os.Getenv("CGAN_PYTHON_215")
	if python == "" || torch.Version() != "2.15.0" {
		t.Skip("set CGAN_PYTHON_215 to a Python executable with torch 2.15.0, and build on that libtorch, to compare layers: make exchange does")
	}
	all := layerCases()
	dir := t.TempDir()
	cases, results := filepath.Join(dir, "cases.json"), filepath.Join(dir, "results.json")
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cases, data, 0o666); err != nil {
		t.Fatal(err)
	}
	script := exec.Command(python, "-W", "ignore", "testdata/layers.py", cases, results, strconv.Itoa(torch.NumThreads()))
	if output, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if data, err = os.ReadFile(results); err != nil {
		t.Fatal(err)
	}
	var want [][]result
	if err := json.Unmarshal(data, &want); err != nil || len(want) != len(all) {
		t.Fatalf("%d results of %d cases: %v", len(want), len(all), err)
	}
	for i, c := range all {
		torchtest.Do(t, func() { c.compare(t, want[i]) })
	}
	t.Logf("%d cases", len(all))
}

func (c layerCase) compare(t *testing.T, want []result) {
	got := c.run()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got) || i >= len(want) || got[i].Name != want[i].Name:
			t.Errorf("%s: %d results, torch gives %d; they part at number %d", c, len(got), len(want), i)
			return
		case !bytes.Equal(got[i].Bytes, want[i].Bytes):
			t.Errorf("%s: %s has other bits than torch's", c, got[i].Name)
			return // what follows rests on it
		}
	}
}

// String is the case as Python has it, on one line.
func (c layerCase) String() string {
	text, _ := json.Marshal(c)
	return string(text)
}

// run is run of layers.py.
func (c layerCase) run() (results []result) {
	add := func(name string, value *torch.Tensor) { results = append(results, result{name, value.Bytes()}) }
	torch.ManualSeed(c.Seed)
	var modules []Module
	for _, l := range c.Layers {
		module := l.new()
		if l.Spectral {
			SpectralNorm(module.(Weighted))
		}
		modules = append(modules, module)
	}
	net := NewSequential(modules...)
	defer net.Free()
	net.SetFast(Fast{BFloat16: c.BF16})
	for _, n := range net.StateDict() {
		add("init "+n.Name, n.Tensor)
	}
	torch.NoGrad(func() {
		for _, p := range net.Parameters() {
			p.Normal_()
		}
	})
	for _, step := range []string{"train 1", "train 2", "eval"} {
		net.Train(step != "eval")
		leaf, x := c.draw()
		y := cast(net.Forward(x), torch.Float32)
		g := torch.Randn(y.Shape(), torch.CPU)
		y.Mul(g).Sum().Backward()
		add(step+" output", y)
		if leaf != nil {
			add(step+" gradient of the input", leaf.Grad())
		}
		for _, n := range net.NamedParameters() {
			add(step+" gradient of "+n.Name, n.Tensor.Grad())
		}
		for _, n := range net.StateDict() {
			add(step+" "+n.Name, n.Tensor)
		}
		net.ZeroGrad()
	}
	return results
}

// draw is what goes in, and the leaf that its gradient comes to.
func (c layerCase) draw() (leaf, x *torch.Tensor) {
	if c.Rows > 0 {
		return nil, torch.Randint(c.Rows, c.Shape, torch.CPU)
	}
	leaf = torch.Randn(c.Shape, torch.CPU).RequiresGrad_(true)
	if c.BF16 {
		return leaf, leaf.Type(torch.BFloat16)
	}
	return leaf, leaf
}

// layerCases are many of each layer, and columns of them.
func layerCases() (all []layerCase) {
	r := random{rand.New(rand.NewPCG(16, 16))}
	for _, draw := range []func() layerCase{
		r.linear, r.conv2d, r.convTranspose2d, r.batchNorm1d, r.batchNorm2d, r.instanceNorm2d, r.layerNorm, r.embedding,
		r.activation, r.dropout, r.upsample, r.shape, r.mlp, r.stack,
	} {
		for range 25 {
			c := draw()
			c.Seed = r.Int64N(1 << 40)
			all = append(all, c)
			if c.takesBF16() {
				c.BF16 = true
				all = append(all, c)
			}
		}
	}
	return all
}

// takesBF16 says whether cgan gives bfloat16 to all of it as torch.autocast does: Tanh and Sigmoid are float32 here, and so is
// the spectral norm.
func (c layerCase) takesBF16() bool {
	for _, l := range c.Layers {
		if l.Op == "Tanh" || l.Op == "Sigmoid" || l.Op == "Identity" || l.Spectral {
			return false
		}
	}
	return true
}

// random draws cases.
type random struct{ *rand.Rand }

func (r random) from(low, high int64) int64    { return low + r.Int64N(high-low+1) }
func (r random) pair(low, high int64) [2]int64 { return [2]int64{r.from(low, high), r.from(low, high)} }
func (r random) yes() bool                     { return r.IntN(2) == 0 }
func (r random) one(names ...string) string    { return names[r.IntN(len(names))] }
func (r random) image(channels int64) []int64 {
	return []int64{r.from(2, 5), channels, r.from(6, 9), r.from(6, 9)}
}
func single(l madeLayer, in ...int64) layerCase { return layerCase{Layers: []madeLayer{l}, Shape: in} }

func linear(in, out int64, bias, spectral bool) madeLayer {
	return madeLayer{"Linear", args{"in_features": in, "out_features": out, "bias": bias}, spectral, func() Module { return NewLinear(in, out, bias) }}
}

func (r random) linear() layerCase {
	in := r.from(1, 200)
	return single(linear(in, r.from(1, 200), r.yes(), r.yes()), r.from(1, 70), in)
}

func convolution(o ConvOptions, spectral, transposed bool) madeLayer {
	a := args{
		"in_channels": o.InChannels, "out_channels": o.OutChannels, "kernel_size": o.KernelSize, "stride": o.Stride, "padding": o.Padding,
		"dilation": o.Dilation, "groups": o.Groups, "bias": o.Bias, "padding_mode": o.PaddingMode,
	}
	if transposed {
		a["output_padding"] = o.OutputPadding
		return madeLayer{"ConvTranspose2d", a, spectral, func() Module { return NewConvTranspose2dWith(o) }}
	}
	return madeLayer{"Conv2d", a, spectral, func() Module { return NewConv2dWith(o) }}
}

func (r random) options() ConvOptions {
	groups := r.from(1, 3)
	return ConvOptions{
		InChannels: groups * r.from(1, 9), OutChannels: groups * r.from(1, 9), KernelSize: r.pair(1, 3), Stride: r.pair(1, 3),
		Padding: r.pair(0, 2), Dilation: r.pair(1, 2), Groups: groups, Bias: r.yes(), PaddingMode: "zeros",
	}
}

func (r random) conv2d() layerCase {
	o := r.options()
	o.PaddingMode = r.one("zeros", "reflect", "replicate", "circular")
	return single(convolution(o, r.yes(), false), r.image(o.InChannels)...)
}

func (r random) convTranspose2d() layerCase {
	o := r.options()
	for d := range 2 {
		o.OutputPadding[d] = r.from(0, max(o.Stride[d], o.Dilation[d])-1)
	}
	return single(convolution(o, r.yes(), true), r.image(o.InChannels)...)
}

func (r random) norm(channels int64) (NormOptions, args) {
	o := NormOptions{NumFeatures: channels, Eps: []float64{1e-5, 0.8, 1e-3}[r.IntN(3)], Momentum: r.Float64(), Affine: r.yes(), TrackRunningStats: r.yes()}
	return o, args{"num_features": channels, "eps": o.Eps, "momentum": o.Momentum, "affine": o.Affine, "track_running_stats": o.TrackRunningStats}
}

func (r random) batchNorm1d() layerCase {
	o, a := r.norm(r.from(1, 70))
	in := []int64{r.from(2, 70), o.NumFeatures, r.from(1, 9)}
	return single(madeLayer{"BatchNorm1d", a, false, func() Module { return NewBatchNorm1dWith(o) }}, in[:r.from(2, 3)]...)
}

func (r random) batchNorm2d() layerCase {
	o, a := r.norm(r.from(1, 70))
	return single(madeLayer{"BatchNorm2d", a, false, func() Module { return NewBatchNorm2dWith(o) }}, r.image(o.NumFeatures)...)
}

func (r random) instanceNorm2d() layerCase {
	o, a := r.norm(r.from(1, 20))
	return single(madeLayer{"InstanceNorm2d", a, false, func() Module { return NewInstanceNorm2d(o) }}, r.image(o.NumFeatures)...)
}

func (r random) layerNorm() layerCase {
	in := r.image(r.from(1, 9))
	shape, eps, affine, bias := in[r.from(1, 3):], []float64{1e-5, 1e-2}[r.IntN(2)], r.yes(), r.yes()
	a := args{"normalized_shape": shape, "eps": eps, "elementwise_affine": affine, "bias": bias}
	return single(madeLayer{"LayerNorm", a, false, func() Module { return NewLayerNorm(shape, eps, affine, bias) }}, in...)
}

func (r random) embedding() layerCase {
	n, d := r.from(1, 30), r.from(1, 70)
	a := args{"num_embeddings": n, "embedding_dim": d}
	c := single(madeLayer{"Embedding", a, false, func() Module { return NewEmbedding(n, d) }}, r.from(1, 70))
	c.Rows = n
	return c
}

func (r random) plain() madeLayer {
	slope, alpha := r.Float64(), 0.1+2*r.Float64()
	all := []madeLayer{
		{"ReLU", args{}, false, func() Module { return NewReLU() }},
		{"LeakyReLU", args{"negative_slope": slope}, false, func() Module { return NewLeakyReLU(slope) }},
		{"ELU", args{"alpha": alpha}, false, func() Module { return NewELU(alpha) }},
		{"SiLU", args{}, false, func() Module { return NewSiLU() }},
		{"Tanh", args{}, false, func() Module { return NewTanh() }},
		{"Sigmoid", args{}, false, func() Module { return NewSigmoid() }},
		{"Identity", args{}, false, func() Module { return NewIdentity() }},
	}
	return all[r.IntN(len(all))]
}

func (r random) activation() layerCase { return single(r.plain(), r.image(r.from(1, 9))...) }

func (r random) dropout() layerCase {
	p := []float64{0, 0.25, r.Float64(), 1}[r.IntN(4)]
	if in := r.image(r.from(1, 30)); r.yes() {
		return single(madeLayer{"Dropout", args{"p": p}, false, func() Module { return NewDropout(p) }}, in[:r.from(2, 4)]...)
	} else {
		return single(madeLayer{"Dropout2d", args{"p": p}, false, func() Module { return NewDropout2d(p) }}, in...)
	}
}

func (r random) upsample() layerCase {
	o, a := UpsampleOptions{Mode: r.one("nearest", "bilinear")}, args{}
	a["mode"] = o.Mode
	if o.Mode == "bilinear" {
		o.AlignCorners = r.yes()
		a["align_corners"] = o.AlignCorners
	}
	if r.yes() {
		size := r.pair(1, 20)
		o.Size, a["size"] = &size, size
	} else {
		o.ScaleFactor = [2]float64{float64(r.from(1, 3)), 0.3 + 2*r.Float64()}
		a["scale_factor"] = o.ScaleFactor
	}
	return single(madeLayer{"Upsample", a, false, func() Module { return NewUpsample(o) }}, r.image(r.from(1, 9))...)
}

func reshape(sizes ...int64) madeLayer {
	return madeLayer{"Reshape", args{"sizes": sizes}, false, func() Module { return NewReshape(sizes) }}
}

func (r random) shape() layerCase {
	c, factor, in := r.from(1, 5), r.from(1, 3), r.image(1)
	in[1] = c * factor * factor
	switch r.IntN(4) {
	case 0:
		return single(madeLayer{"PixelShuffle", args{"upscale_factor": factor}, false, func() Module { return NewPixelShuffle(factor) }}, in...)
	case 1:
		start := r.from(0, 2)
		end := []int64{-1, r.from(start, 3)}[r.IntN(2)]
		return single(madeLayer{"Flatten", args{"start_dim": start, "end_dim": end}, false, func() Module { return NewFlatten(start, end) }}, in...)
	case 2:
		sizes := []int64{factor, -1, factor}
		return single(madeLayer{"Unflatten", args{"dim": 1, "unflattened_size": sizes}, false, func() Module { return NewUnflatten(1, sizes) }}, in...)
	}
	return single(reshape(factor, -1), in...)
}

// mlp is a generator of Linear layers.
func (r random) mlp() layerCase {
	in, out := r.from(1, 50), r.from(1, 50)
	c := layerCase{Layers: []madeLayer{linear(in, out, r.yes(), false)}, Shape: []int64{r.from(2, 20), in}}
	if o, a := r.norm(out); r.yes() {
		c.Layers = append(c.Layers, madeLayer{"BatchNorm1d", a, false, func() Module { return NewBatchNorm1dWith(o) }})
	}
	c.Layers = append(c.Layers, r.plain(), linear(out, 12, true, false), r.plain(), reshape(3, 2, 2))
	return c
}

// stack is a generator that begins with a Linear and goes on with transposed convolutions.
func (r random) stack() layerCase {
	in, width := r.from(1, 50), r.from(1, 9)
	c := layerCase{Layers: []madeLayer{linear(in, width*9, r.yes(), false), reshape(width, 3, 3)}, Shape: []int64{r.from(2, 20), in}}
	for range r.from(1, 3) {
		o := square(width, r.from(1, 9), 4, 2, 1)
		width, o.Bias = o.OutChannels, r.yes()
		norm, a := r.norm(width)
		c.Layers = append(c.Layers, convolution(o, false, true), madeLayer{"BatchNorm2d", a, false, func() Module { return NewBatchNorm2dWith(norm) }}, r.plain())
	}
	return c
}
