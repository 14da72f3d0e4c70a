package main

import (
	"fmt"
	"strings"
)

// markdown is the section of this processor.
func (r results) markdown() string {
	parts := []string{r.head(), r.goalTable(), r.trainingTable(), r.drawingTable(), r.limitTable(), r.workTable(), r.startTable()}
	if !r.quick {
		parts = append(parts, r.images.markdown(), r.shapes.markdown(), r.unitTable(), r.scalingTable())
	}
	return strings.Join(parts, "\n")
}

func (r results) head() string {
	t := newTable(2, "", "")
	t.add("machine", fmt.Sprintf("%s, %d cores, %s; %s", r.cpu, r.cores, r.memory, strings.Join(r.flags, " ")))
	t.add("threads", fmt.Sprintf("%d%s", r.threads, r.siblings))
	t.add("libtorch", r.libtorch())
	t.add("cgan", fmt.Sprintf("%s, %s, kernels: %s", r.cgan, r.goVersion, r.kernels()))
	t.add("date", r.date)
	return fmt.Sprintf("%s\n## %s\n\n%d x %d training steps, or %d x %d drawn batches.\n\n%s",
		r.mark(), r.title(), r.rounds, r.steps, r.rounds, r.steps*drawFactor, t)
}

// kernels are those that cgan took.
func (r results) kernels() string { return r.training.f32.speeds[0].Kernels }

// libtorch names what the programs run on, and both where they differ.
func (r results) libtorch() string {
	mine, original := r.training.f32.speeds[0].Torch, r.training.python.speeds[0].Torch
	if mine == original {
		return mine + ", in both programs"
	}
	return fmt.Sprintf("%s in cgan, %s in Python", mine, original)
}

func (r results) goalTable() string {
	t := newTable(4, "goal", "wanted", "measured", "")
	for _, g := range r.goals() {
		t.add(g.what, g.wanted(), g.measured(), g.verdict())
	}
	return fmt.Sprintf("### Goals\n\nTwo numbers are by minimum and by median; both must reach the goal. Python is %s as it is\nwritten, in f32; the best tuned is %s.\n\n%s",
		"`train/train.py`", fastest(r.training.pythons()).name, t)
}

func (r results) trainingTable() string {
	about := ""
	if len(r.training.frameworks) > 0 {
		about = "`cmd/compare/train_peers.py` has the same networks in JAX and TensorFlow. They make a fifth of the steps, so that their median says more than their minimum, and need\nload no data.\n\n"
	}
	return fmt.Sprintf("### Training, batch %d\n\n%s%s", benchBatch, about, speedTable(r.training.all()))
}

func (r results) drawingTable() string {
	return fmt.Sprintf("### Drawing\n\nEvaluation mode without gradients; a step is noise and labels to images. Batch %d:\n\n%s\nOne image:\n\n%s",
		benchBatch, speedTable(r.drawing.all()), speedTable(r.one.all()))
}

// speedTable compares all with the first.
func speedTable(all []*contender) string {
	t := newTable(1, "", "ms min", "ms median", "images/s", "x by min", "x by median", "peak MB", "x of memory")
	base := all[0].summary()
	for _, c := range all {
		s := c.summary()
		byMin, byMedian := c.ratio(all[0])
		t.add(c.name, number(s.min, 1), number(s.median, 1), number(s.imagesPerS, 0), number(byMin, 2), number(byMedian, 2),
			number(s.rss, 0), number(s.rss/base.rss, 2))
	}
	return t.String()
}

func (r results) limitTable() string {
	t := newTable(1, "", "GFLOP a step", "GFLOP/s by min", "by median", "peak, best", "median", "share by min", "by median", "torch.mm, best", "median", "around the steps")
	for _, c := range []*contender{r.training.f32, r.training.bf16} {
		s := c.summary()
		t.add(c.name, number(s.gflop(), 1), number(s.gflopsBest, 0), number(s.gflops, 0), number(s.peakBest, 0), number(s.peak, 0),
			percent(100*s.gflopsBest/s.peakBest, 1), percent(100*s.gflops/s.peak, 1), number(s.matmulBest, 0), number(s.matmul, 0), percent(s.overhead, 2))
	}
	return "### Share of the processor's limit\n\nA training step's multiplications and additions beside the peak: a loop of the kernels' own multiply-adds, or products\n" +
		"of tiles, on values in registers, in the same process. Taps on padding, which the kernels skip, do not\n" +
		"count, as they do in `torch.utils.flop_counter`. `torch.mm` is one large product of the same precision.\n" +
		"\"Around the steps\" is the part of the time that data, log and loop take.\n\n" + t.String()
}

func (r results) unitTable() string {
	t := newTable(2, "unit", "what it does", "f32 ms without", "x by min", "x by median", "bf16 ms without", "x by min", "x by median")
	for _, u := range r.units {
		with := r.units[u.beside]
		f32Min, f32Median := with.f32.ratio(u.f32)
		bf16Min, bf16Median := with.bf16.ratio(u.bf16)
		t.add(u.Name, u.Does, number(u.f32.summary().median, 1), number(f32Min, 2), number(f32Median, 2),
			number(u.bf16.summary().median, 1), number(bf16Min, 2), number(bf16Median, 2))
	}
	return "### What each unit is worth\n\nTraining without one unit: \"x\" is how much faster cgan is with it. Units overlap, so these numbers do not\n" +
		"multiply to the whole. Less than 5 % is noise. Without \"norm\", PyTorch's BatchNorm gets images in the kernels' memory\n" +
		"order, on which it is slow; \"wide\" and \"pairs\" are measured without \"tiles\", which hides them.\n\n" + t.String()
}

func (r results) startTable() string {
	t := newTable(1, "", "s min", "s median", "x by min", "x by median")
	python := r.starts.python
	for _, s := range r.starts.all() {
		t.add(s.name, number(s.least(), 3), number(s.middle(), 3), number(python.least()/s.least(), 1), number(python.middle()/s.middle(), 1))
	}
	return fmt.Sprintf("### From the command to the first PNG\n\nTen digits from a weights file, %d runs: %s beside %s. %s\n"+
		"draws nothing: it shows what the system and libtorch take before a program's own code runs.\n\n%s",
		len(python.ms), "`cgan generate`", "`train.py draw`", "`cgan --help`", t)
}

func (r results) scalingTable() string {
	head := []string{"batch"}
	for _, s := range r.scaling {
		head = append(head, s.label())
	}
	t := newTable(0, head...)
	for i, batch := range scalingBatches {
		row := []string{fmt.Sprint(batch)}
		for _, s := range r.scaling {
			row = append(row, number(s.points[i].summary().imagesPerS, 0))
		}
		t.add(row...)
	}
	return fmt.Sprintf("### Scaling\n\n![images per second over the batch size](%s)\n\nImages a second in training, %d steps each:\n\n%s", r.plotFile(), scalingSteps, t)
}
