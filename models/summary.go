package models

import (
	"fmt"
	"reflect"

	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// Layer is one row of a summary.
type Layer struct {
	Name       string  `json:"name"`   // kind and number, such as Conv2d-1
	Output     []int64 `json:"output"` // without the batch
	Parameters int64   `json:"parameters"`
}

// Summary is a net as a table, with its sizes in MB of 2^20 bytes.
type Summary struct {
	Net          string  `json:"net"`
	Input        []int64 `json:"input"` // without the batch
	Layers       []Layer `json:"layers"`
	Parameters   int64   `json:"parameters"`
	InputMB      float64 `json:"input_mb"`
	ForwardMB    float64 `json:"forward_backward_mb"` // outputs and their gradients, per image
	ParametersMB float64 `json:"parameters_mb"`
	EstimatedMB  float64 `json:"estimated_total_mb"`
}

const mb = 1 << 20

// Summarize runs one image through each net of these sizes and notes what comes out of each layer.
func Summarize(c Config) (summaries []Summary, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	err = torch.Do("summarize the networks", func() error {
		g, d := c.NewGenerator(), c.NewDiscriminator()
		defer g.Free()
		defer d.Free()
		noise := []int64{int64(c.Noise + c.Classes), 1, 1}
		image := []int64{int64(c.Channels + c.Classes), int64(c.Size), int64(c.Size)}
		summaries = []Summary{
			summarize("Generator", g.Leaves(), noise),
			summarize("Discriminator", d.Leaves(), image),
		}
		return nil
	})
	return summaries, err
}

func summarize(net string, leaves []nn.Leaf, input []int64) Summary {
	s := Summary{Net: net, Input: input, InputMB: 4 * float64(product(input)) / mb}
	x := torch.Zeros(append([]int64{1}, input...), torch.Float32, torch.CPU)
	values := int64(0)
	for i, leaf := range leaves {
		x = leaf.Module.Forward(x)
		kind := reflect.TypeOf(leaf.Module).Elem().Name()
		layer := Layer{Name: fmt.Sprintf("%s-%d", kind, i+1), Output: x.Shape()[1:]}
		for _, p := range leaf.Module.Parameters() {
			layer.Parameters += p.Numel()
		}
		s.Layers = append(s.Layers, layer)
		s.Parameters += layer.Parameters
		values += x.Numel()
	}
	s.ForwardMB = 2 * 4 * float64(values) / mb
	s.ParametersMB = 4 * float64(s.Parameters) / mb
	s.EstimatedMB = s.InputMB + s.ForwardMB + s.ParametersMB
	return s
}

func product(sizes []int64) int64 {
	n := int64(1)
	for _, size := range sizes {
		n *= size
	}
	return n
}
