package export

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models"
	"cgan/models/arch"
	"cgan/weights"
)

// columns are the networks of models/testdata/columns.
func columns(t *testing.T) map[string]models.Config {
	t.Helper()
	paths, err := filepath.Glob("../testdata/columns/*.yaml")
	if err != nil || len(paths) < 5 {
		t.Fatal(err, paths)
	}
	all := map[string]models.Config{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".yaml")] = configOf(t, string(text))
	}
	return all
}

func configOf(t *testing.T, text string) models.Config {
	t.Helper()
	f, err := arch.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c, err := models.ConfigOfArch(f)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// newColumn makes a seeded generator with running statistics of its own.
func newColumn(t *testing.T, c models.Config) *models.Net {
	t.Helper()
	var g *models.Net
	torchtest.Do(t, func() {
		torch.ManualSeed(5)
		g = c.NewGenerator()
		torch.NoGrad(func() {
			for range 3 {
				g.Forward(g.Condition(torch.Randn(append([]int64{8}, g.Arch().Noise()...), torch.CPU), torch.FromInt64s([]int64{0, 1, 2, 3, 0, 1, 2, 3}), 0))
			}
		})
		g.Eval()
	})
	t.Cleanup(g.Free)
	if err := g.Use(models.Compute{Exact: true}); err != nil {
		t.Fatal(err)
	}
	return g
}

// Each layer becomes these operators and these lines.
func TestLayersAsOperatorsAndLines(t *testing.T) {
	with := func(key, op string, arguments map[string]any) arch.Layer {
		return arch.Layer{Key: key, Op: op, Arguments: arguments}
	}
	for _, c := range []struct {
		noise       string
		layer       arch.Layer
		nodes, line string
	}{
		{"4", arch.New("a.0", "Linear", 4, 6), "Gemm image[noise a.0.weight a.0.bias] transB=1", `torch.linear(z, part0.weight, part0.bias)`},
		{"4, 1, 1", arch.New("a", "Conv2d", 4, 6, 1, 1, 0, 1, 2), "Conv image[noise a.weight a.bias] kernel_shape=1 1 strides=1 1 pads=0 0 0 0 group=2",
			"torch.conv2d(z, part0.weight, part0.bias, [1, 1], [0, 0], [1, 1], 2)"},
		{"6, 1, 1", arch.New("a", "ConvTranspose2d", 6, 6, []int64{2, 3}, 2, 0, 1, 1, false),
			"ConvTranspose image[noise a.weight] kernel_shape=2 3 strides=2 2 pads=0 0 0 0 output_padding=1 1",
			"torch.conv_transpose2d(z, part0.weight, None, [2, 2], [0, 0], [1, 1], 1, [1, 1])"},
		{"6", arch.New("a", "BatchNorm1d", 6, 0.8), "BatchNormalization image[noise a.weight a.bias a.running_mean a.running_var] epsilon=0.8",
			"torch.batch_norm(z, part0.weight, part0.bias, part0.running_mean, part0.running_var, False, 0.1, 0.8, True)"},
		{"6", arch.New("", "ELU", 2.0), "Elu image[noise] alpha=2", "torch.elu(z, 2.0)"},
		{"6", arch.New("", "LeakyReLU", 0.2), "LeakyRelu image[noise] alpha=0.2", "torch.leaky_relu(z, 0.2)"},
		{"6", arch.New("", "SiLU"), "Sigmoid image.sigmoid[noise]; Mul image[noise image.sigmoid]", "torch.silu(z)"},
		{"6, 1, 1", arch.New("", "Dropout2d"), "Identity image[noise]", ""},
		{"6, 1, 1", with("", "Upsample", map[string]any{"scale_factor": 3.0}), "Resize image[noise  image.scales] coordinate_transformation_mode=asymmetric mode=nearest nearest_mode=floor",
			"torch.upsample_nearest2d(z, [3, 3], 3.0, 3.0)"},
		{"6, 1, 1", with("", "Upsample", map[string]any{"size": int64(2), "mode": "bilinear"}), "Resize image[noise  image.scales] coordinate_transformation_mode=pytorch_half_pixel mode=linear",
			"torch.upsample_bilinear2d(z, [2, 2], False, None, None)"},
		{"8, 1, 1", arch.New("", "PixelShuffle", 2), "DepthToSpace image[noise] blocksize=2 mode=CRD", "torch.pixel_shuffle(z, 2)"},
		{"6", arch.New("", "Unflatten", 1, []int64{2, 3, 1}), "Reshape image[noise image.numbers]", "z.reshape([-1, 2, 3, 1])"},
		{"6", arch.New("a", "LayerNorm", []int64{6}), "ReduceMean image.mean[noise] axes=-1 keepdims=1; Sub image.centred[noise image.mean]; Mul image.squared[image.centred image.centred]; " +
			"ReduceMean image.variance[image.squared] axes=-1 keepdims=1; Add image.variance_eps[image.variance image.eps]; Sqrt image.deviation[image.variance_eps]; " +
			"Div image.normal[image.centred image.deviation]; Mul image.weighted[image.normal a.weight]; Add image.biased[image.weighted a.bias]; Identity image[image.biased]",
			"torch.layer_norm(z, [6], part0.weight, part0.bias, 1e-05)"},
	} {
		n := &arch.Network{Source: arch.Column{arch.New("", "randn", numbers(c.noise)...)}, Layers: arch.Column{c.layer}}
		var got bytes.Buffer
		var state weights.StateDict
		for _, t := range c.layer.Tensors() {
			state = append(state, weights.Entry{Key: c.layer.Key + "." + t.Name, Tensor: weights.Tensor{DType: weights.F32, Shape: t.Shape}})
		}
		nodes, err := graphOf(n, state)
		if err != nil {
			t.Fatal(err)
		}
		for i, node := range nodes.Nodes {
			if i > 0 {
				got.WriteString("; ")
			}
			fmt.Fprintf(&got, "%s %s%s", node.Operator, node.Name, node.Inputs)
			for _, a := range node.Attributes {
				fmt.Fprintf(&got, " %s=%s", a.Name, strings.Trim(fmt.Sprint(a.Value), "[]"))
			}
		}
		if got.String() != c.nodes {
			t.Errorf("%s:\ngot  %s\nwant %s", c.layer, got.String(), c.nodes)
		}
		source, err := scriptSource(n)
		want := ""
		if c.line != "" {
			want = "    z = " + c.line + "\n"
		}
		if err != nil || !strings.HasSuffix(source, want+"    return z\n") || !strings.HasPrefix(source, "def forward(self, noise: Tensor) -> Tensor:\n    z = noise\n") {
			t.Errorf("%s: %v\n%s", c.layer, err, source)
		}
	}
}

func numbers(text string) (all []any) {
	for part := range strings.SplitSeq(text, ", ") {
		n, _ := strconv.Atoi(part)
		all = append(all, n)
	}
	return all
}

// The label comes in as its column says.
func TestLabelsAsOperatorsAndLines(t *testing.T) {
	for name, want := range map[string][2]string{
		"mlp":    {"Gather label_emb[label_emb.weight label]; Concat concat_noise_label[label_emb noise]", "    part0 = self.label_emb\n    embedded = torch.embedding(part0.weight, label)\n    z = torch.cat([embedded, noise], 1)\n"},
		"conv":   {"Gather onehot_encode[identity label]; Concat concat_noise_label[noise onehot_encode]", "[label].view(-1, 10, 1, 1)\n    z = torch.cat([noise, onehot], 1)\n"},
		"planes": {"Gather onehot_encode[identity label]; Expand expand_label[onehot_encode expand_label.numbers]; Concat concat_noise_label[expand_label Reshape-2]", "[label].view(-1, 4, 1, 1).expand(-1, -1, 6, 6)\n    z = torch.cat([onehot, x], 1)\n"},
		"shuffle": {"Gather emb[emb.weight label]; Relu ReLU-1[emb]; Reshape label_planes[ReLU-1 label_planes.numbers]; Concat concat_noise_label[noise label_planes]",
			"    embedded = torch.relu(embedded)\n    embedded = embedded.view(-1, 4, 1, 1)\n    z = torch.cat([noise, embedded], 1)\n"},
		"upsample": {"Mul multiply_noise_label[noise label_emb]", "    z = noise * embedded\n"},
		"plain":    {"Gemm 0[noise 0.weight 0.bias]", "def forward(self, noise: Tensor) -> Tensor:\n    z = noise\n    part0 = getattr(self, \"0\")\n"},
	} {
		c := columns(t)[name]
		state, err := models.StateDict(newColumn(t, c).StateDict())
		if err != nil {
			t.Fatal(err)
		}
		g, err := graphOf(c.Arch.Generator, state)
		if err != nil {
			t.Fatal(err)
		}
		var nodes []string
		for _, node := range g.Nodes {
			nodes = append(nodes, fmt.Sprintf("%s %s%s", node.Operator, node.Name, node.Inputs))
		}
		if got := strings.Join(nodes, "; "); !strings.Contains(got, want[0]) {
			t.Errorf("%s: no %s in\n%s", name, want[0], got)
		}
		source, err := scriptSource(c.Arch.Generator)
		if err != nil || !strings.Contains(source, want[1]) {
			t.Errorf("%s: %v, no\n%sin\n%s", name, err, want[1], source)
		}
		if inputs := len(g.Inputs); inputs != 1+min(1, c.Classes) {
			t.Errorf("%s: %d inputs", name, inputs)
		}
	}
}

// A file of a column carries its networks, with which its metadata can be read back.
func TestAColumnGoesIntoTheMetadata(t *testing.T) {
	c := columns(t)["conv"]
	file := string(writeONNX(t, newColumn(t, c), c, nil))
	if text := string(arch.Write(c.Arch)); !strings.Contains(file, text) || strings.Contains(file, "architecture") {
		t.Error("the networks are not in the metadata")
	}
}

// Names that torch.jit.load can't read are refused when they are written.
func TestTorchScriptRefusesPythonsWords(t *testing.T) {
	c := configOf(t, "generator:\n  noise: randn(4)\n  layers:\n    - in.0: Linear(4, 4)\n    - Reshape(1, 2, 2)\n")
	if _, err := TorchScript(newColumn(t, c)); err == nil || !strings.Contains(err.Error(), "the key in.0 has Python's word in in it") {
		t.Error(err)
	}
}

// onnxruntime and torch.jit draw of each column what Go draws.
func TestProgramsOfColumnsDrawTheSame(t *testing.T) {
	pythons := map[string][2]string{}
	for variable, kind := range map[string]string{"CGAN_PYTHON_ONNX": "onnx", "CGAN_PYTHON_210": "torch", "CGAN_PYTHON_215": "torch"} {
		if python := os.Getenv(variable); python != "" {
			pythons[variable] = [2]string{python, kind}
		}
	}
	if len(pythons) == 0 {
		t.Skip("CGAN_PYTHON_ONNX, CGAN_PYTHON_215 and CGAN_PYTHON_210 are not set: make exchange sets them")
	}
	folder, all := t.TempDir(), columns(t)
	for name, c := range all {
		writePrograms(t, filepath.Join(folder, name), c)
	}
	for variable, p := range pythons {
		out, err := exec.Command(p[0], "-B", "-W", "ignore", "testdata/programs.py", p[1], folder).CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if err != nil || len(lines) != len(all) {
			t.Fatalf("%s: %v\n%s", variable, err, out)
		}
		for _, line := range lines {
			name, text, _ := strings.Cut(line, " ")
			if apart, err := strconv.ParseFloat(text, 64); err != nil || !(apart <= 1e-5) {
				t.Errorf("%s: %s differs by %s", variable, name, text)
			}
		}
		t.Logf("%s: the images differ by\n%s", variable, strings.Join(lines, "\n"))
	}
}

// writePrograms writes a column as both programs, with images that Go drew.
func writePrograms(t *testing.T, stem string, c models.Config) {
	t.Helper()
	const images = 5
	g := newColumn(t, c)
	script, err := TorchScript(g)
	if err != nil {
		t.Fatal(err)
	}
	noise, labels := make([]float32, images*c.Noise), []int64(nil)
	for i := range noise {
		noise[i] = float32(math.Sin(float64(i * i)))
	}
	for i := range min(images, images*c.Classes) {
		labels = append(labels, int64(i%c.Classes))
	}
	drawn, err := g.Images(c, noise, labels)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{".torchscript": script, ".onnx": writeONNX(t, g, c, nil), ".noise": encode(t, noise), ".images": encode(t, drawn),
		".shape": []byte(strings.Trim(fmt.Sprint(g.Arch().Noise()), "[]"))}
	if c.Classes > 0 {
		files[".label"] = encode(t, labels)
	}
	for ending, content := range files {
		if err := os.WriteFile(stem+ending, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func encode(t *testing.T, values any) []byte {
	t.Helper()
	data, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
