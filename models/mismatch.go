package models

import (
	"fmt"
	"slices"
	"strings"

	"cgan/models/arch"
	"cgan/weights"
)

// mostMismatches bounds the layers and keys of a message.
const mostMismatches = 5

// mismatch says in which layers a network that is given as data and a state dict differ: the layer's call and line, what
// the shapes are, and which key of the file may be meant.
func mismatch(n *arch.Network, state weights.StateDict, match *weights.MatchError) error {
	left, tensors := unclaimed(n, state), map[string]weights.Tensor{}
	for _, e := range state {
		tensors[e.Key] = e.Tensor
	}
	var parts []string
	more := 0
	for _, l := range n.All() {
		problem := layerMismatch(l, tensors)
		switch {
		case problem == nil:
		case len(parts) == mostMismatches:
			more++
		default:
			parts = append(parts, placed(l)+problem(left))
		}
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("and %d layers more", more))
	}
	if len(parts) == 0 && len(left) == 0 { // keys that occur twice, types that can't be converted
		return match
	}
	if len(left) > 0 {
		parts = append(parts, "no layer takes "+listed(left))
	}
	return fmt.Errorf("the layers and the file's tensors do not fit: %s", strings.Join(parts, "; "))
}

// unclaimed is what a state dict holds that no layer has a key for.
func unclaimed(n *arch.Network, state weights.StateDict) (left weights.StateDict) {
	claimed := map[string]bool{}
	for _, l := range n.All() {
		for _, t := range l.Tensors() {
			claimed[l.Key+"."+t.Name] = true
		}
	}
	for _, e := range state {
		if !claimed[e.Key] {
			left = append(left, e)
		}
	}
	return left
}

// placed is a layer's line, key and call.
func placed(l arch.Layer) string {
	line := ""
	if l.Line > 0 {
		line = fmt.Sprintf("line %d, ", l.Line)
	}
	return fmt.Sprintf("%s%s: %s ", line, weights.Show(l.Key), l)
}

// layerMismatch tells what a layer misses, by what no layer takes; nil for nothing.
func layerMismatch(l arch.Layer, tensors map[string]weights.Tensor) func(left weights.StateDict) string {
	for _, t := range l.Tensors() {
		key := l.Key + "." + t.Name
		have, ok := tensors[key]
		switch {
		case ok && !slices.Equal(have.Shape, t.Shape):
			return func(weights.StateDict) string {
				return fmt.Sprintf("has a %s of %v, the file's is %v", t.Name, t.Shape, have.Shape)
			}
		case !ok && t.Name != "num_batches_tracked": // which files before torch 0.4.1 have not
			return func(left weights.StateDict) string {
				return fmt.Sprintf("has a %s of %v, the file has no %s%s", t.Name, t.Shape, weights.Show(key), nearestFit(key, t, left))
			}
		}
	}
	return nil
}

// nearestFit names the tensor that no layer takes, of the wanted shape and of the nearest name.
func nearestFit(key string, want arch.Tensor, left weights.StateDict) string {
	var fit, any []string
	for _, e := range left {
		if any = append(any, e.Key); slices.Equal(e.Shape, want.Shape) {
			fit = append(fit, e.Key)
		}
	}
	if len(fit) == 1 {
		return ": " + weights.Show(fit[0]) + " would fit"
	}
	if near := weights.Nearest(key, fit); near != "" {
		return ": " + weights.Show(near) + " would fit"
	}
	if len(fit) > 0 {
		return ": " + weights.Show(fit[0]) + " would fit"
	}
	if near := weights.Nearest(key, any); near != "" {
		t, _ := left.Get(near)
		return fmt.Sprintf(": the nearest is %s of %v", weights.Show(near), t.Shape)
	}
	return ""
}

// listed is a few keys with their shapes.
func listed(state weights.StateDict) string {
	var names []string
	for _, e := range state[:min(len(state), mostMismatches)] {
		names = append(names, fmt.Sprintf("%s %v", weights.Show(e.Key), e.Shape))
	}
	if more := len(state) - mostMismatches; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
