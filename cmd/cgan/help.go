package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"cgan/docs"

	"github.com/urfave/cli/v2"
)

func helpCommand() *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "show a command's flags, or a page of the manual: " + orList(docs.Topics()),
		ArgsUsage: "[COMMAND|TOPIC]",
		Action: func(c *cli.Context) error {
			name := c.Args().First()
			if !slices.Contains(docs.Topics(), name) {
				return usageError{fmt.Errorf("there is no command and no topic %q: topics are %s", name, strings.Join(docs.Topics(), ", "))}
			}
			_, err := io.WriteString(c.App.Writer, docs.Page(name))
			return err
		},
	}
}

// helpAsFlag is a command line with --help in the place of the command help, where that is about a command or all of them.
func helpAsFlag(app *cli.App, args []string) []string {
	if len(args) < 2 || args[1] != "help" || len(args) > 2 && app.Command(args[2]) == nil {
		return args
	}
	return append(append([]string{args[0]}, args[2:]...), "--help")
}
