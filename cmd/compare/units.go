package main

import (
	"context"
	"fmt"
	"slices"
)

// unit is one named speed-up of cgan, and cgan without it in both precisions.
type unit struct {
	Name      string `json:"name"`
	Does      string `json:"does"`
	f32, bf16 *contender
	beside    int // index of what it is compared with
}

// hides names the unit at whose side another does nothing: it is measured without both, beside without the first.
var hides = map[string]string{"wide": "tiles", "pairs": "tiles"}

// raceUnits times cgan as it is, first in the list and without a name, and without each of its units.
func raceUnits(ctx context.Context, p *programs, plan plan) ([]unit, error) {
	var named []unit
	if err := outputJSON(ctx, &named, p.cgan, "bench", "--speed-ups", "--json"); err != nil {
		return nil, err
	}
	if plan.held != "" { // to one kernel set, among which these choose
		named = slices.DeleteFunc(named, func(u unit) bool { return slices.Contains([]string{"tiles", "wide", "pairs"}, u.Name) })
	}
	units := append([]unit{{Does: "all units at work"}}, named...)
	l := load{p.Threads, benchBatch, plan.steps}
	var all []*contender
	for i, u := range units {
		flags, name := []string(nil), "cgan"
		if u.Name != "" {
			flags, name = []string{"--without", u.Name}, fmt.Sprintf("cgan without %s", u.Name)
		}
		if hider := slices.IndexFunc(units, func(other unit) bool { return other.Name != "" && other.Name == hides[u.Name] }); hider >= 0 {
			flags, units[i].beside = append(flags, "--without", hides[u.Name]), hider
		}
		units[i].f32 = p.ours(name, l, flags...)
		units[i].bf16 = p.ours(name+" bf16", l, append([]string{"--precision", "bf16"}, flags...)...)
		all = append(all, units[i].f32, units[i].bf16)
	}
	return units, race(ctx, "units", all, plan.rounds)
}
