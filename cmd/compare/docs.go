package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	docsFolder = "docs"
	notRun     = "<!-- not run: " // before a block that no check can run, and why
)

// shellBlock is a block of commands on a page.
type shellBlock struct {
	page   string
	line   int
	text   string
	notRun string // why
}

// shellBlocks are those of a page in Markdown, fenced as sh.
func shellBlocks(page, markdown string) (all []shellBlock, err error) {
	lines := strings.Split(markdown, "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] != "```sh" {
			continue
		}
		b := shellBlock{page: page, line: i + 1}
		if i > 0 && strings.HasPrefix(lines[i-1], notRun) {
			b.notRun = strings.TrimSuffix(strings.TrimPrefix(lines[i-1], notRun), " -->")
		}
		for i++; ; i++ {
			if i == len(lines) {
				return nil, fmt.Errorf("%s, line %d: the block does not end", page, b.line)
			}
			if lines[i] == "```" {
				break
			}
			b.text += lines[i] + "\n"
		}
		all = append(all, b)
	}
	return all, nil
}

// docs runs the commands of all pages, in a folder with a small run and images, and builds the site.
func docs(ctx context.Context, cgan string) error {
	pages, err := filepath.Glob(filepath.Join(docsFolder, "*.md"))
	if err != nil || len(pages) == 0 {
		return fmt.Errorf("no pages in %s: %w", docsFolder, err)
	}
	cgan, err = filepath.Abs(cgan)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "docs-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sh := func(text string) ([]byte, error) {
		c := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", text)
		c.Dir, c.Env = dir, append(os.Environ(), "PATH="+filepath.Dir(cgan)+":"+os.Getenv("PATH"))
		return c.CombinedOutput()
	}
	if out, err := sh("cgan generate --class 0-9 --count 20 --format folder --out mine && cgan train --quiet --data mine --steps 3 --batch 16 --ngf 8 --ndf 8 --out made && " +
		"mkdir runs && mv made/00000-mine runs/00000-mnist"); err != nil {
		return fmt.Errorf("what the pages stand on: %w\n%s", err, out)
	}
	ran, left := 0, 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		blocks, err := shellBlocks(page, string(text))
		if err != nil {
			return err
		}
		for _, b := range blocks {
			if b.notRun != "" {
				left++
				fmt.Printf("%s, line %d: not run: %s\n", b.page, b.line, b.notRun)
				continue
			}
			if out, err := sh(b.text); err != nil {
				return fmt.Errorf("%s, line %d: %w\n%s%s", b.page, b.line, err, b.text, out)
			}
			ran++
		}
	}
	fmt.Printf("%d blocks of commands run, %d not\n", ran, left)
	program, err := python(ctx, "mkdocs")
	if err != nil {
		return err
	}
	return quiet(ctx, program, "-m", "mkdocs", "build", "--strict", "--quiet")
}
