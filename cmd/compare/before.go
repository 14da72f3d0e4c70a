package main

import (
	"context"
	"fmt"
)

// before times cgan in turn with an older build of it, in what a change must not make slower.
func before(ctx context.Context, cgan, older string, rounds, steps int) error {
	t := newTable(1, "", "before, ms min", "now", "now : before", "by median", "by mean of pairs")
	for _, what := range []struct {
		name  string
		steps int
		flags []string
	}{
		{"training f32", steps, nil},
		{"training bf16", steps, []string{"--precision", "bf16"}},
		{"drawing f32", 5 * steps, []string{"--mode", "generate"}},
		{"drawing bf16", 5 * steps, []string{"--mode", "generate", "--precision", "bf16"}},
	} {
		bench := func(name, program string) *contender {
			command := []string{program, "bench", "--json", "--steps", fmt.Sprint(what.steps)}
			return &contender{name: name, command: append(command, what.flags...)}
		}
		was, is := bench("before", older), bench("now", cgan)
		for round := range rounds { // who is first changes, for what the one leaves to the next
			both := []*contender{was, is}
			if round%2 == 1 {
				both = []*contender{is, was}
			}
			if err := race(ctx, what.name, both, 1); err != nil {
				return err
			}
		}
		pairs := 0.0
		for i := range rounds {
			pairs += is.speeds[i].Min / was.speeds[i].Min / float64(rounds)
		}
		a, b := was.summary(), is.summary()
		t.add(what.name, number(a.min, 2), number(b.min, 2), number(b.min/a.min, 3), number(b.median/a.median, 3), number(pairs, 3))
	}
	fmt.Print(t)
	return nil
}
