package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"cgan/docs"
	"cgan/models"
	"cgan/train"
	"cgan/train/dataset"
	"cgan/train/runfolder"
	"cgan/weights/pretrained"

	"github.com/urfave/cli/v2"
)

// completeCommand is what the scripts call with the words of a command line; the last one is being typed.
const completeCommand = "__complete"

// completionScripts have a shell ask cgan itself. Where it has no answer, the shell completes names of files.
var completionScripts = map[string]string{
	"bash": `_cgan() {
    local IFS=$'\n'
    COMPREPLY=($("${COMP_WORDS[0]}" ` + completeCommand + ` "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _cgan cgan
`,
	"zsh": `#compdef cgan
_cgan() {
    local -a found
    found=(${(f)"$("${words[1]}" ` + completeCommand + ` "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#found )); then compadd -- $found; else _files; fi
}
if [[ $funcstack[1] == _cgan ]]; then _cgan; else compdef _cgan cgan; fi
`,
	"fish": `function __cgan_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] ` + completeCommand + ` $words[2..-1] 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c cgan -f -a '(__cgan_complete)'
`,
}

var completionShells = []string{"bash", "zsh", "fish"}

func completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print what has a shell complete commands, flags and their values",
		ArgsUsage: "bash|zsh|fish",
		Description: "For this shell alone:    source <(cgan completion bash)\n" +
			"For good, in bash:       cgan completion bash > ~/.local/share/bash-completion/completions/cgan\n" +
			"in zsh, a folder of fpath: cgan completion zsh > ~/.zfunc/_cgan\n" +
			"in fish:                 cgan completion fish > ~/.config/fish/completions/cgan.fish",
		Action: func(c *cli.Context) error {
			script, ok := completionScripts[c.Args().First()]
			if !ok || c.NArg() != 1 {
				return usageError{fmt.Errorf("completion takes the shell: %s", orList(completionShells))}
			}
			_, err := io.WriteString(c.App.Writer, script)
			return err
		},
	}
}

// manCommand prints the man page that a release has.
func manCommand() *cli.Command {
	return &cli.Command{Name: "man", Usage: "print the man page", Hidden: true, Action: func(c *cli.Context) error {
		page, err := c.App.ToManWithSection(1)
		if err == nil {
			_, err = io.WriteString(c.App.Writer, page)
		}
		return err
	}}
}

// valuesOf are the values of flags that have few, and of those that name what lies around. line is the command line so far.
var valuesOf = map[string]func(line []string) []string{
	"preset":      func([]string) []string { return train.PresetNames() },
	"loss":        func([]string) []string { return train.LossNames },
	"lr-schedule": func([]string) []string { return train.LRSchedules },
	"compress":    func([]string) []string { return train.Compressions },
	"precision":   func([]string) []string { return []string{string(models.F32), string(models.BF16)} },
	"device":      func([]string) []string { return []string{"auto", "cpu", "cuda"} },
	"fit":         func([]string) []string { return dataset.Fits },
	"dtype":       func([]string) []string { return []string{"f32", "f16", "bf16"} },
	"net":         func([]string) []string { return exportNets },
	"format": func(line []string) []string {
		if line[0] == "export" {
			return exportFormats
		}
		return generateFormats
	},
	"weights": func([]string) []string { return append(runFolders(), pretrained.Names()...) },
	"data":    func([]string) []string { return dataNames },
	"resume":  func([]string) []string { return runFolders() },
	"init":    func([]string) []string { return append(runFolders(), pretrained.Names()...) },
	"class":   classNames,
}

var dataNames = []string{dataset.MNISTName, dataset.FashionName}

// runFolders are those where train puts them, the newest first.
func runFolders() []string {
	folders, err := runfolder.List(train.Default().Out)
	if err != nil {
		return nil
	}
	slices.Reverse(folders)
	return folders
}

// classNames are the classes of the weights that the line names.
func classNames(line []string) []string {
	from := defaultWeights
	if at := slices.Index(line, "--weights"); at >= 0 && at+1 < len(line) {
		from = line[at+1]
	}
	w, err := models.Open(from, "")
	if err != nil {
		return nil
	}
	return w.Classes
}

// complete prints what may stand in the place of the last word, a line each.
func complete(app *cli.App, words []string, out io.Writer) {
	if len(words) == 0 {
		return
	}
	line, typed := words[:len(words)-1], words[len(words)-1]
	for _, candidate := range candidates(app, line, typed) {
		if strings.HasPrefix(candidate, typed) {
			fmt.Fprintln(out, candidate)
		}
	}
}

func candidates(app *cli.App, line []string, typed string) []string {
	command, commands, flags := (*cli.Command)(nil), app.Commands, app.Flags
	for i := 0; i < len(line); i++ {
		if strings.HasPrefix(line[i], "-") {
			if width(line[i], flags) == 2 {
				if i++; i == len(line) {
					return flagValues(strings.TrimLeft(line[i-1], "-"), line)
				}
			}
			continue
		}
		if at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(line[i]) }); at >= 0 {
			command = commands[at]
			commands, flags = command.Subcommands, command.Flags
		}
	}
	switch {
	case strings.HasPrefix(typed, "-"):
		return flagNames(flags)
	case len(commands) > 0:
		return commandNames(commands)
	}
	return argumentValues(app, command)
}

func flagValues(name string, line []string) []string {
	if values, ok := valuesOf[name]; ok && len(line) > 0 {
		return values(line)
	}
	return nil
}

func flagNames(flags []cli.Flag) (names []string) {
	for _, f := range flags {
		names = append(names, "--"+f.Names()[0])
	}
	return append(names, "--help")
}

func commandNames(commands []*cli.Command) (names []string) {
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

// argumentValues are what stands without a flag.
func argumentValues(app *cli.App, command *cli.Command) []string {
	switch {
	case command == nil:
		return nil
	case command.Name == "completion":
		return completionShells
	case command.Name == "help":
		return append(docs.Topics(), commandNames(app.Commands)...)
	case strings.HasPrefix(command.ArgsUsage, "RUN_OR_FILE"), command.Name == "inspect":
		return append(runFolders(), pretrained.Names()...)
	case command.Name == "data":
		return dataNames
	}
	return nil
}
