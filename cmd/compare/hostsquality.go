package main

import (
	"context"
	"fmt"
	"strconv"
)

const (
	hostsMark  = "<!-- recipe: two-hosts -->"
	hostsBatch = 64 // images of a step of all processes together
)

// hostsQuality trains MNIST with each seed in one process and by torchrun on two hosts, as many images a step, and has cgan eval
// look at the ends; it writes a section of QUALITY.md.
func hostsQuality(ctx context.Context, where setting, seeds, epochs int) error {
	if seeds < 2 || epochs < 1 {
		return fmt.Errorf("%d epochs, %d seeds: at least 1 epoch is needed, and 2 seeds for a standard deviation", epochs, seeds)
	}
	p, err := newPrograms(ctx, where)
	if err != nil {
		return err
	}
	defer p.clear()
	machine, err := readFacts(ctx, p.Threads)
	if err != nil {
		return err
	}
	if err := makeHosts(); err != nil {
		return err
	}
	defer removeHosts()
	var alone, both []trained
	for seed := range seeds {
		flags := []string{"--preset", "quick", "--seed", strconv.Itoa(seed), "--epochs", strconv.Itoa(epochs)}
		half := p.trains(1, hostsBatch/2, 0, flags...)
		for _, c := range []struct {
			to       *[]trained
			commands [][]string
		}{
			{&alone, [][]string{p.trains(2, hostsBatch, 0, flags...)}},
			{&both, [][]string{p.torchrun(hostA, addressA, half), p.torchrun(hostB, addressB, half)}},
		} {
			t, err := p.trainAndJudge(ctx, c.commands)
			if err != nil {
				return fmt.Errorf("seed %d: %w", seed, err)
			}
			*c.to = append(*c.to, t)
		}
	}
	text := hostsSection(machine, epochs, alone, both)
	fmt.Print(text)
	return writePlaced(qualityFile, hostsMark, text)
}

// torchrun is the command of a rank on a host, which finds the other one by torchrun's rendezvous on host A.
func (p *programs) torchrun(host, address string, command []string) []string {
	return append([]string{"ip", "netns", "exec", host, p.python, "-m", "torch.distributed.run", "--nnodes", "2", "--nproc-per-node", "1",
		"--rdzv-backend", "c10d", "--rdzv-endpoint", addressA + ":29400", "--rdzv-conf", "is_host=" + strconv.FormatBool(host == hostA), "--local-addr", address, "--no-python"}, command...)
}

// trainAndJudge is what cgan eval says of the run that commands make together.
func (p *programs) trainAndJudge(ctx context.Context, commands [][]string) (t trained, err error) {
	out := p.file("-runs")
	for i, c := range commands {
		commands[i] = append(c[:len(c):len(c)], "--out", out)
	}
	if err := together(ctx, commands); err != nil {
		return t, err
	}
	run, err := oneRun(out)
	if err != nil {
		return t, err
	}
	return evaluated(ctx, p.cgan, run, "--cas=false")
}

// hostsSection has class consistency and Frechet distance of each seed.
func hostsSection(machine facts, epochs int, alone, both []trained) string {
	t := newTable(1, "seed", "one process, class consistency %", "two hosts", "one process, Frechet", "two hosts")
	consistency := func(t trained) float64 { return 100 * t.Consistency.Share }
	frechet := func(t trained) float64 { return t.Frechet }
	columns := [][]float64{each(alone, consistency), each(both, consistency), each(alone, frechet), each(both, frechet)}
	for seed := range alone {
		t.add(strconv.Itoa(seed), number(columns[0][seed], 2), number(columns[1][seed], 2), number(columns[2][seed], 4), number(columns[3][seed], 4))
	}
	means, deviations := []string{"mean"}, []string{"deviation"}
	for i, digits := range []int{2, 2, 4, 4} {
		m, d := spread(columns[i])
		means, deviations = append(means, number(m, digits)), append(deviations, number(d, digits))
	}
	t.add(means...)
	t.add(deviations...)
	return fmt.Sprintf("%s\n## mnist, one process and two hosts\n\n`make hosts-quality` on %s, %s: `--preset quick` for %d epochs, %d images a step; two hosts are two network namespaces with "+
		"a cable between them, each with torchrun, one thread and half of the images.\n\n%s", hostsMark, machine.cpu, machine.date, epochs, hostsBatch, t)
}
