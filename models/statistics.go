package models

import (
	"maps"
	"math"
	"strings"

	"cgan/bindings/torch"
	"cgan/models/arch"
	"cgan/weights"

	"gonum.org/v1/gonum/stat"
)

const (
	trainedFor  = 100  // batches, before which running statistics have a part of the values that they begin with
	mostImages  = 2048 // drawn for statistics
	leastImages = 16
	drawnFLOP   = 4e9 // about what they may take, and four times that for the least images
)

// byStatistics chooses among candidates the one whose layers give the BatchNorms what their running statistics in the state
// dict say that they got in training, as far as these tell: activations, the order of noise and label, the place of norms.
func byStatistics(c *arch.Candidates, state weights.StateDict) *arch.Network {
	if first, told := labelFirst(c.Usual(), state); told {
		c.LabelFirst(first)
	}
	want := runningStatistics(state)
	count := imagesWithin(c.Usual())
	if len(want) == 0 || count < leastImages {
		return c.Usual()
	}
	return c.Fit(func(n *arch.Network) float64 {
		got, err := drawnStatistics(n, state, count)
		if err != nil { // loading says what does not fit
			return 1
		}
		return misfit(want, got)
	})
}

// labelFirst says whether the label's values stand before the noise's, where the first layer's weights tell it: those of noise
// are alike, because nothing tells its values apart, and after a training those of the label are others.
func labelFirst(n *arch.Network, state weights.StateDict) (first, told bool) {
	if len(n.Label) == 0 || n.Join.By != arch.Cat || len(n.Layers[0].Tensors()) == 0 {
		return false, false
	}
	t, ok := state.Get(n.Layers[0].Key + ".weight")
	norms := inputNorms(t, n.Layers[0].Op)
	width := int(n.Joined()[0] - n.Noise()[0])
	if !ok || len(n.Source) > 1 || len(norms) != int(n.Joined()[0]) || width < 2 || width > len(norms)-2 {
		return false, false
	}
	const far = 5 // deviations of a mean
	front := math.Abs(apart(norms[:width], norms[width:]))
	back := math.Abs(apart(norms[len(norms)-width:], norms[:len(norms)-width]))
	return front > back, max(front, back) > far && max(front, back) > 2*min(front, back)
}

// inputNorms are the logarithms of the sums of squares of the weights at each input.
func inputNorms(t weights.Tensor, op string) []float64 {
	values, err := t.Float32s()
	if err != nil || len(t.Shape) < 2 {
		return nil
	}
	outer, inputs := int64(1), t.Shape[0] // of a ConvTranspose2d
	if op != "ConvTranspose2d" {
		outer, inputs = t.Shape[0], t.Shape[1]
	}
	inner := int64(len(values)) / (outer * inputs)
	sums := make([]float64, inputs)
	for i, v := range values {
		sums[int64(i)/inner%inputs] += float64(v) * float64(v)
	}
	for i, sum := range sums {
		sums[i] = math.Log(sum + 1e-30)
	}
	return sums
}

// apart is by how many deviations of its mean some numbers are from the others.
func apart(some, others []float64) float64 {
	mean, variance := stat.PopMeanVariance(others, nil)
	return (stat.Mean(some, nil) - mean) / (math.Sqrt(variance) + 1e-9) * math.Sqrt(float64(len(some)))
}

// imagesWithin is how many images are drawn for statistics, 0 where they take too long.
func imagesWithin(n *arch.Network) int {
	flop := 1.0
	for _, f := range productFLOPs(n) {
		flop += f
	}
	if leastImages*flop > 4*drawnFLOP {
		return 0
	}
	return int(min(mostImages, max(leastImages, drawnFLOP/flop)))
}

// statistics are a BatchNorm's running means and variances.
type statistics struct {
	mean, variance []float32
	chance         float64 // of those that were drawn: about the misfit that so few images give by chance
}

// runningStatistics are those of each BatchNorm that was trained, by its key.
func runningStatistics(state weights.StateDict) map[string]statistics {
	all := map[string]statistics{}
	for _, e := range state {
		key, ok := strings.CutSuffix(e.Key, ".running_mean")
		if !ok || fewBatches(state, key) {
			continue
		}
		variance, ok := state.Get(key + ".running_var")
		if !ok {
			continue
		}
		mean, err := e.Tensor.Float32s()
		if err != nil {
			continue
		}
		if s := (statistics{mean: mean}); len(mean) > 0 {
			if s.variance, err = variance.Float32s(); err == nil && len(s.variance) == len(mean) {
				all[key] = s
			}
		}
	}
	return all
}

// fewBatches says that a norm counted batches, and hardly any.
func fewBatches(state weights.StateDict, key string) bool {
	t, ok := state.Get(key + ".num_batches_tracked")
	if !ok {
		return false
	}
	counts, err := t.Int64s()
	return err == nil && len(counts) == 1 && counts[0] < trainedFor
}

// drawnStatistics are those of one batch that the network draws as in training.
func drawnStatistics(n *arch.Network, state weights.StateDict, count int) (map[string]statistics, error) {
	n = forOneBatch(n)
	c, err := ConfigOfArch(&arch.File{Generator: n})
	if err != nil {
		return nil, err
	}
	g, err := LoadGenerator(state, c)
	if err != nil {
		return nil, err
	}
	defer g.Free()
	if err := g.Use(Compute{Exact: true}); err != nil {
		return nil, err
	}
	labels := make([]int64, count)
	for i := range labels {
		labels[i] = int64(i) % max(1, n.Classes())
	}
	all := map[string]statistics{}
	err = torch.Do("draw for running statistics", func() error {
		g.Train(true)
		torch.NoGrad(func() { g.draw(c, g.newNoise(c, count, 0), labels) })
		named := map[string][]float32{}
		for _, t := range g.StateDict() {
			if strings.Contains(t.Name, ".running_") {
				named[t.Name] = t.Tensor.Float32s()
			}
		}
		for name, mean := range named {
			if key, ok := strings.CutSuffix(name, ".running_mean"); ok {
				all[key] = statistics{mean: mean, variance: named[key+".running_var"]}
			}
		}
		return nil
	})
	for _, l := range n.All() {
		if s, ok := all[l.Key]; ok && l.Op == "BatchNorm1d" { // one value of a channel in an image
			s.chance = 1 / float64(count)
			all[l.Key] = s
		}
	}
	return all, err
}

// forOneBatch is the network with norms whose running statistics are those of the last batch, and without Dropout, whose
// random numbers would be others' too.
func forOneBatch(n *arch.Network) *arch.Network {
	copied := *n
	for _, column := range []*arch.Column{&copied.Source, &copied.Label, &copied.Layers} {
		all := make(arch.Column, len(*column))
		for i, l := range *column {
			switch l.Op {
			case "BatchNorm1d", "BatchNorm2d":
				l.Arguments = maps.Clone(l.Arguments)
				l.Arguments["momentum"] = 1.0
			case "Dropout", "Dropout2d":
				l = arch.New("", "Identity")
			}
			all[i] = l
		}
		*column = all
	}
	return &copied
}

// misfit is 0 where all norms have the means and variances that they shall have, and at most 1: the mean over the norms.
func misfit(want, got map[string]statistics) float64 {
	sum := 0.0
	for key, w := range want {
		sum += w.misfit(got[key])
	}
	return sum / float64(len(want))
}

// misfit is the mean over the channels, less what chance alone gives.
func (s statistics) misfit(got statistics) float64 {
	if len(got.mean) != len(s.mean) {
		return 1
	}
	const least = 1e-12
	sum := 0.0
	for i := range s.mean {
		v, u := float64(s.variance[i])+least, float64(got.variance[i])+least
		apart := float64(s.mean[i]) - float64(got.mean[i])
		ratio := math.Log(u / v)
		if channel := apart*apart/(u+v) + ratio*ratio/4; channel < 1 { // NaN is a misfit
			sum += channel
		} else {
			sum++
		}
	}
	return max(sum/float64(len(s.mean))-got.chance, 0)
}
