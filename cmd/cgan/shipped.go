package main

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// manCommand prints what a release ships as cgan.1.
func manCommand() *cli.Command {
	return shipped("man", "print the manual page", func(app *cli.App) (string, error) { return app.ToManWithSection(1) })
}

// fishCommand prints what a release ships for fish; the scripts for bash and zsh are those of cli.
func fishCommand() *cli.Command {
	return shipped("fish", "print the completions for fish", (*cli.App).ToFishCompletion)
}

// shipped is a hidden command that prints a file of a release.
func shipped(name, usage string, text func(*cli.App) (string, error)) *cli.Command {
	return &cli.Command{Name: name, Usage: usage, Hidden: true, Action: func(c *cli.Context) error {
		s, err := text(c.App)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(c.App.Writer, s)
		return err
	}}
}
