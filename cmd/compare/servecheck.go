package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

//go:embed schemathesis.toml
var schemathesisConfig []byte

// serveCheck has schemathesis send cgan serve what its openapi.json allows and what it forbids, so many requests for each operation.
func serveCheck(ctx context.Context, cgan string, examples int) error {
	python, err := python(ctx, "schemathesis")
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "cgan-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	run, err := trainBriefly(ctx, cgan, filepath.Join(work, "runs"), 1)
	if err != nil {
		return err
	}
	config := filepath.Join(work, "schemathesis.toml")
	if err := os.WriteFile(config, schemathesisConfig, 0o644); err != nil {
		return err
	}
	const token = "a-token-for-schemathesis"
	s, err := serveRuns(ctx, cgan, filepath.Dir(run), run, "--token", token)
	if err != nil {
		return err
	}
	check := exec.CommandContext(ctx, filepath.Join(filepath.Dir(python), "schemathesis"), "--config-file", config,
		"run", s.url+"/openapi.json", "--header", "Authorization: Bearer "+token, "--max-examples", strconv.Itoa(examples), "--seed", "1")
	check.Dir, check.Stdout, check.Stderr = work, os.Stdout, os.Stderr
	if err := check.Run(); err != nil {
		_ = s.stop() // the findings say more
		return fmt.Errorf("schemathesis found something: %w", err)
	}
	return s.stop()
}
