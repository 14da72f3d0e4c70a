package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// figuresOfEval is what a run keeps of cgan eval --json, for the page to show.
const figuresOfEval = `{"file":"/somewhere/of/this/machine","count":100,"consistency":{"share":0.975},"frechet":12.5,"frechet_floor":1.5,"precision":0.9}`

// servePage uses the pages of cgan serve in Chromium, with the model in weights or one of a few steps. Screenshots go to a folder, if one is named.
func servePage(ctx context.Context, cgan, weights, pictures string) error {
	if _, err := exec.LookPath("chromium"); err != nil {
		return fmt.Errorf("the pages are tried in Chromium: install Debian's package chromium: %w", err)
	}
	python, err := python(ctx, "playwright")
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "cgan-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	runs := filepath.Join(work, "runs")
	var run string
	for seed := range 2 {
		if run, err = trainBriefly(ctx, cgan, runs, seed); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(run, "eval.json"), []byte(figuresOfEval), 0o644); err != nil {
		return err
	}
	if weights == "" {
		weights = run
	}
	const token = "a-token-for-chromium"
	s, err := serveRuns(ctx, cgan, runs, weights, "--token", token)
	if err != nil {
		return err
	}
	args := []string{"cmd/compare/page.py", s.url, runs, token}
	if pictures != "" {
		args = append(args, pictures)
	}
	visit := exec.CommandContext(ctx, python, args...)
	visit.Stdout, visit.Stderr = os.Stdout, os.Stderr
	if err := visit.Run(); err != nil {
		_ = s.stop() // what the visit said is more
		return fmt.Errorf("the pages fail: %w", err)
	}
	return s.stop()
}
