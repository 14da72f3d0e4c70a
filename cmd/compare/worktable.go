package main

// worksDo says what cgan's kinds of work are, in the order of the table.
var worksDo = []struct{ name, does string }{
	{"product", "products of the convolutions, with bias, activation and BatchNorm's moments"},
	{"pack", "bringing their operands into the order of the products"},
	{"fold", "adding up what each pixel gives to its neighbours, in G's last layer"},
	{"norm", "BatchNorm with activation, but for the moments"},
	{"activation", "gradients through LeakyReLU where no BatchNorm is"},
	{"bias", "gradients of biases"},
	{"label", "gradients of label planes, as sums by class"},
	{"adam", "both optimizers"},
}

// workOf is the mean over c's rounds of one kind of work, in ms; zeros where c does none.
func (c *contender) workOf(name string) (sum work) {
	for _, s := range c.speeds {
		for _, w := range s.Work {
			if w.Name == name {
				sum.Ms += w.Ms / float64(len(c.speeds))
				sum.Idle += w.Idle / float64(len(c.speeds))
			}
		}
	}
	return sum
}

// workTable shows where a step's time goes, and so what stands between it and the machine's limit.
func (r results) workTable() string {
	t := newTable(2, "", "", "f32 ms", "waiting", "bf16 ms", "waiting")
	f32, bf16 := r.training.f32, r.training.bf16
	mean := func(c *contender) (sum float64) {
		for _, s := range c.speeds {
			sum += s.Mean / float64(len(c.speeds))
		}
		return sum
	}
	restF32, restBF16 := mean(f32), mean(bf16)
	for _, w := range worksDo {
		a, b := f32.workOf(w.name), bf16.workOf(w.name)
		t.add(w.name, w.does, number(a.Ms, 2), number(a.Idle, 2), number(b.Ms, 2), number(b.Idle, 2))
		restF32, restBF16 = restF32-a.Ms, restBF16-b.Ms
	}
	t.add("the rest", "libtorch's own ops, autograd and Go", number(restF32, 2), "", number(restBF16, 2), "")
	t.add("all", "", number(mean(f32), 2), "", number(mean(bf16), 2), "")
	return "### Where a step goes\n\nMeans of all steps, with the time in which a thread waits for the last one.\n\n" + t.String()
}
