package arch

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestPythonText(t *testing.T) {
	got := read(t, embedded).Generator.Python("Generator")
	want := `import torch
from torch import nn


class Generator(nn.Module):
    values = (0, 1)  # what black and white are in the images

    def __init__(self):
        super().__init__()
        self.label_emb = nn.Embedding(10, 50)
        self.model = nn.Module()
        self.model.add_module("0", nn.Linear(150, 256))
        self.leakyrelu3 = nn.LeakyReLU(0.2)
        self.model.add_module("2", nn.BatchNorm1d(256, eps=0.8))
        self.model.add_module("3", nn.Linear(256, 784))
        self.sigmoid6 = nn.Sigmoid()

    def noise(self, batch, device="cpu"):
        return torch.randn(batch, 100, device=device)

    def forward(self, noise, label):  # [B, 100], [B]
        label = self.label_emb(label)  # [B, 50]
        x = torch.cat((noise, label), 1)  # [B, 150]
        x = getattr(self.model, "0")(x)  # [B, 256]
        x = self.leakyrelu3(x)  # [B, 256]
        x = getattr(self.model, "2")(x)  # [B, 256]
        x = getattr(self.model, "3")(x)  # [B, 784]
        x = self.sigmoid6(x)  # [B, 784]
        x = x.reshape(len(x), 1, 28, 28)  # [B, 1, 28, 28]
        return x  # [B, 1, 28, 28]
`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	got = read(t, embedded).Discriminator.Python("Discriminator")
	for _, line := range []string{
		"    def forward(self, image, label):  # [B, 1, 28, 28], [B]\n",
		"        label = torch.eye(10, device=label.device)[label]  # [B, 10]\n",
		"        label = label[:, :, None, None].expand(-1, -1, 28, 28)  # [B, 10, 28, 28]\n",
		"        return x.view(-1)  # [B]\n",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("%s has no %s", got, line)
		}
	}
}

// A key is a text in the source, whatever it holds.
func TestHostileKeys(t *testing.T) {
	n := &Network{Source: Column{New("", "randn", 2)}, Layers: Column{
		New("a\"); import os #\n\\.__b.class", "Linear", 2, 4), New("", "Reshape", 1, 2, 2)}}
	if err := n.Check(); err != nil {
		t.Fatal(err)
	}
	const want = `        self.add_module("a\"); import os #\n\\", nn.Module())
        getattr(self, "a\"); import os #\n\\").add_module("__b", nn.Module())
        getattr(getattr(self, "a\"); import os #\n\\"), "__b").add_module("class", nn.Linear(2, 4))
`
	if got := n.Python("Generator"); !strings.Contains(got, want) {
		t.Errorf("%s\nlacks\n%s", got, want)
	}
}

// module is what testdata/modules.py is told of a network, and reported what it says.
type pythonModule struct {
	Source, Class string
	Input         []int64
	Classes       int64
	network       *Network
}

type reported struct {
	Tensors          map[string][]int64
	Buffers          []string
	Output           []int64
	Steady, Training bool
	Printed          []string
}

// Modules that Python makes of the printed source have the keys, shapes and outputs that this package says, and it reads
// their layers as they print themselves.
func TestPythonModules(t *testing.T) {
	python := os.Getenv("CGAN_PYTHON_215")
	if python == "" {
		t.Skip("CGAN_PYTHON_215 is not set: make exchange sets it")
	}
	var modules []pythonModule
	add := func(class string, n *Network) {
		modules = append(modules, pythonModule{Source: n.Python(class), Class: class, Input: n.Source[0].Ints("size"), Classes: n.Classes(), network: n})
	}
	for seed := range uint64(60) {
		f := drawnBy(seed).file()
		if add("Generator", f.Generator); f.Discriminator != nil {
			add("Discriminator", f.Discriminator)
		}
	}
	f := read(t, embedded)
	add("Generator", f.Generator)
	add("Discriminator", f.Discriminator)
	input, err := json.Marshal(modules)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "-W", "ignore", "testdata/modules.py")
	command.Stdin = bytes.NewReader(input)
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Errorf("%v\n%s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	for i, line := range lines {
		var r reported
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		modules[i].compare(t, r)
	}
	if len(lines) != len(modules) {
		t.Errorf("%d modules of %d; the next is\n%s", len(lines), len(modules), modules[len(lines)].Source)
	}
}

func (m pythonModule) compare(t *testing.T, r reported) {
	t.Helper()
	tensors, buffers, printed := map[string][]int64{}, map[string]bool{}, map[string]int{}
	for _, l := range m.network.All() {
		for _, tensor := range l.Tensors() {
			tensors[l.Key+"."+tensor.Name] = append([]int64{}, tensor.Shape...)
			if tensor.Buffer {
				buffers[l.Key+"."+tensor.Name] = true
			}
		}
		if registered(l) {
			printed[strings.Replace(l.String(), ", align_corners=True", "", 1)]++ // which Upsample does not print
		}
	}
	for _, text := range r.Printed {
		l, err := parseLayer(text)
		if err != nil {
			t.Error(err)
		}
		if printed[l.String()]--; printed[l.String()] < 0 {
			t.Errorf("%s was read as %s, which is no layer of\n%s", text, l, m.Source)
		}
	}
	out := append([]int64{2}, m.network.Output()...)
	if m.Class == "Discriminator" {
		out = out[:1]
	}
	for _, name := range r.Buffers {
		if !buffers[name] {
			t.Errorf("%s is a buffer in Python", name)
		}
	}
	if !reflect.DeepEqual(tensors, r.Tensors) || len(buffers) != len(r.Buffers) || !slices.Equal(out, r.Output) || !r.Steady || !r.Training {
		t.Errorf("%+v\nnot %v and %v, of\n%s", r, tensors, out, m.Source)
	}
}
