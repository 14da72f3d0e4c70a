package train

import (
	"fmt"
	"strings"

	"cgan/models"
)

// presets are recipes: Default with other values.
var presets = []struct {
	name string
	set  func(*Config)
}{
	{"best", func(c *Config) {
		c.Precision, c.Epochs, c.Batch = models.BF16, 20, 64
		c.LR, c.LRSchedule, c.EMA, c.LabelSmoothing = 5e-4, "cosine", 0.9995, 0.1
	}},
	{"quick", func(c *Config) {
		c.Precision, c.Epochs, c.Batch = models.BF16, 4, 32
		c.LR, c.LRSchedule, c.EMA = 5e-4, "cosine", 0.999
	}},
}

// PresetNames are the recipes that Preset knows: the best images, and the first good ones.
func PresetNames() (names []string) {
	for _, p := range presets {
		names = append(names, p.name)
	}
	return names
}

// Preset is Default with the values of a recipe.
func Preset(name string) (Config, error) {
	c := Default()
	for _, p := range presets {
		if p.name == name {
			p.set(&c)
			return c, nil
		}
	}
	return c, &models.FieldError{Field: "preset", Problem: fmt.Sprintf("is %q: there are %s", name, strings.Join(PresetNames(), " and "))}
}
