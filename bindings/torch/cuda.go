package torch

import "cgan/bindings/libtorch"

// SetCuDNN says for the whole process whether cuDNN keeps to algorithms that give the same bits each time, and whether it
// tries them out for the fastest: torch.backends.cudnn.deterministic and torch.backends.cudnn.benchmark.
func SetCuDNN(deterministic, benchmark bool) {
	must("cudnn", libtorch.SetCuDNN(deterministic, benchmark))
}

// Graph is work on a CUDA device that was captured once and runs again as one launch: torch.cuda.CUDAGraph.
type Graph struct{ native libtorch.Graph }

// Capture makes the graph of what fn launches on device; nothing runs yet. fn must not read values, and what it uses from
// outside must stay where it is. Its kept tensors are the graph's results: each Replay gives them new values. What fn
// frees, later work of the graph uses again. Free it, after the kept tensors.
func Capture(device Device, fn func()) *Graph {
	native, err := libtorch.BeginGraph(int(device))
	must("capture a graph", err)
	g := &Graph{native}
	whole := false
	defer func() {
		if !whole { // fn failed: its error counts, not that the capture is broken
			_ = libtorch.EndGraph(native)
			_ = libtorch.FreeGraph(native)
		}
	}()
	Scope(fn)
	err = libtorch.EndGraph(native)
	must("capture a graph", err)
	whole = true
	return g
}

// Replay launches what was captured.
func (g *Graph) Replay() { must("replay a graph", libtorch.ReplayGraph(g.native)) }

// Free ends the graph.
func (g *Graph) Free() {
	must("free a graph", libtorch.FreeGraph(g.native))
	g.native = nil
}
