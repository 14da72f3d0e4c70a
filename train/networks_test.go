package train

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/models"
	"cgan/models/arch"
)

// networks reads one of the arch files that make parity compares with Python.
func networks(t *testing.T, name string) *arch.File {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "cmd", "compare", "networks", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := arch.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// given is a small training of networks that are given as data.
func given(t *testing.T, f *arch.File) Config {
	t.Helper()
	c := smallConfig(t)
	var err error
	if c.Config, err = models.ConfigOfArch(f); err != nil {
		t.Fatal(err)
	}
	return c
}

var families = []string{"mlp-embedding", "convtranspose", "linear-convtranspose", "linear-upsample", "branches", "plain"}

// Networks that are given train, are kept in what the run writes, go on as if they had never stopped, and draw.
func TestGivenNetworksTrainAndStay(t *testing.T) {
	for _, name := range families {
		c := given(t, networks(t, name))
		if name == "plain" {
			c.Loss = "hinge"
		}
		c.Steps = 8
		whole := runOf(t, c)
		if whole != runOf(t, c, 2, 5) {
			t.Errorf("%s: the run that was stopped is another", name)
		}
		c.Steps = 2
		result, _ := mustRun(t, c)
		w, err := models.Open(result.Dir, "")
		if err != nil || w.Assumed != nil || w.Discriminator == nil {
			t.Fatalf("%s: %+v, %v", name, w, err)
		}
		g, err := w.LoadGenerator()
		if err != nil {
			t.Fatal(err)
		}
		var classes []int64
		if c.Classes > 0 {
			classes = []int64{3, 7}
		}
		images, err := g.Draw(w.Config, 2, classes, 1)
		g.Free()
		if want := 2 * max(1, len(classes)); err != nil || images.N != want || images.Height != 28 {
			t.Errorf("%s: drew %d of %d, %v", name, images.N, want, err)
		}
	}
}

func TestGivenNetworksOnKernelsAreExactModesWithin1e5(t *testing.T) {
	for _, name := range []string{"mlp-embedding", "convtranspose", "branches"} {
		f := networks(t, name)
		f.Discriminator.Layers = withoutDropout(f.Discriminator.Layers) // its random numbers have another order there
		for _, column := range []arch.Column{f.Generator.Source, f.Generator.Label, f.Generator.Layers, f.Discriminator.Layers} {
			withoutIdleBiases(column)
		}
		c := given(t, f)
		c.Without = []models.SpeedUp{models.Grads}
		near(t, c, 8)
	}
}

// withoutIdleBiases leaves out those in front of a BatchNorm, which takes them out again: their gradients are rounding.
func withoutIdleBiases(column arch.Column) {
	for i, l := range column[:max(0, len(column)-1)] {
		if strings.HasPrefix(column[i+1].Op, "BatchNorm") {
			l.Arguments["bias"] = false
		}
	}
}

func withoutDropout(column arch.Column) (rest arch.Column) {
	for _, l := range column {
		if l.Op != "Dropout" {
			rest = append(rest, l)
		}
	}
	return rest
}

func TestNetworksThatCannotBeTrainedAreRefused(t *testing.T) {
	for says, change := range map[string]func(*Config){
		"has no discriminator":                               func(c *Config) { c.Arch.Discriminator = nil },
		"ends in Sigmoid(), and the loss hinge":              func(c *Config) { c.Loss = "hinge" },
		"ends in Linear(32, 1), and the loss bce":            func(c *Config) { d := c.Arch.Discriminator; d.Layers = d.Layers[:len(d.Layers)-1] },
		"is for the article's discriminator":                 func(c *Config) { c.SpectralNorm = true },
		"has a label in the discriminator and none in the g": func(c *Config) { c.Arch.Generator = networks(t, "plain").Generator; c.Classes = 0 },
	} {
		c := given(t, networks(t, "mlp-embedding"))
		change(&c)
		if _, err := Run(context.Background(), c, &listener{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}
