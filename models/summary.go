package models

import (
	"fmt"

	"cgan/models/arch"
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

// Summarize notes what comes out of each layer of the networks of these sizes, for one image.
func Summarize(c Config) (summaries []Summary, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	err = c.walkBoth("summarize the networks", func(g, d *arch.Network) {
		summaries = append(summaries, summarize("Generator", g))
		if d != nil {
			summaries = append(summaries, summarize("Discriminator", d))
		}
	})
	return summaries, err
}

func summarize(net string, n *arch.Network) Summary {
	input := n.Joined()
	s := Summary{Net: net, Input: input, InputMB: 4 * float64(product(input)) / mb}
	values := int64(0)
	for _, step := range n.Steps() {
		if step.IsSource() || step.Op == "one_hot" { // which compute nothing
			continue
		}
		layer := Layer{Name: fmt.Sprintf("%s-%d", step.Op, len(s.Layers)+1), Output: step.Out}
		for _, t := range step.Tensors() {
			if !t.Buffer {
				layer.Parameters += product(t.Shape)
			}
		}
		s.Layers = append(s.Layers, layer)
		s.Parameters += layer.Parameters
		values += product(step.Out)
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
