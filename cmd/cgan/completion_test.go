package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgan/docs"

	"github.com/urfave/cli/v2"
)

// Every word of a line may be completed: commands, flags, and what a flag's value or an argument can be here.
func TestCompletion(t *testing.T) {
	run := smallRun(t)
	weights := filepath.Join(run, "checkpoint-000002.pt")
	if found, err := filepath.Glob(filepath.Join(run, "checkpoint-*.pt")); err == nil && len(found) > 0 {
		weights = found[0]
	}
	t.Chdir(t.TempDir())
	if err := os.CopyFS(filepath.Join("runs", "00000-small"), os.DirFS(run)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"gen", "generate"},
		{"judge ", "train"},
		{"train --lr-s", "--lr-schedule"},
		{"train --preset ", "best quick"},
		{"train --epochs 3 --loss h", "hinge"},
		{"train --resume ", "runs/00000-small"},
		{"train --data f", "fashion-mnist"},
		{"generate --weights r", "runs/00000-small"},
		{"generate --weights m", "mnist"},
		{"generate --format np", "npz"},
		{"export --format sa", "safetensors"},
		{"export r", "runs/00000-small"},
		{"export runs/00000-small --out ", ""},
		{"generate --weights " + weights + " --class ", strings.Join(classesOf(t, weights), " ")},
		{"generate --weights nowhere --class ", ""},
		{"completion z", "zsh"},
		{"help tr", "training troubleshooting train"},
		{"nothing ", strings.Join(commandNames(newApp(nil, nil).Commands), " ")},
	} {
		code, stdout, stderr := invoke(append([]string{completeCommand}, strings.Split(c.line, " ")...)...)
		if got := strings.Join(strings.Fields(stdout), " "); got != c.want || code != exitOK || stderr != "" {
			t.Errorf("%q: %q, want %q (%d, %s)", c.line, got, c.want, code, stderr)
		}
	}
}

func classesOf(t *testing.T, path string) []string {
	t.Helper()
	if names := classNames([]string{"--weights", path}); len(names) == 10 {
		return names
	}
	t.Fatal("no classes")
	return nil
}

// What completion offers is what the flag takes.
func TestCompletedValuesAreTaken(t *testing.T) {
	seen := map[string]bool{}
	for _, command := range newApp(nil, nil).Commands {
		for _, f := range command.Flags {
			name := f.Names()[0]
			values, ok := valuesOf[name]
			if !ok {
				continue
			}
			seen[name] = true
			checked, ok := f.(*cli.StringFlag)
			if !ok || checked.Action == nil {
				continue
			}
			for _, value := range values([]string{command.Name}) {
				if err := checked.Action(nil, value); err != nil {
					t.Errorf("%s --%s %s: %v", command.Name, name, value, err)
				}
			}
		}
	}
	for name := range valuesOf {
		if !seen[name] {
			t.Errorf("there is no flag --%s", name)
		}
	}
}

// Each shell loads its script and completes by what the program says that was typed, and by names of files where it says nothing.
func TestShellsComplete(t *testing.T) {
	asked := completeCommand + " train --pre"
	for _, c := range []struct{ shell, test, want string }{
		{"bash", `fake() { printf '%s\n' "$1 $2 $3" 'a b' c; }; COMP_WORDS=(fake train --pre); COMP_CWORD=2; _cgan; printf '%s\n' "${COMPREPLY[@]}"`, asked + "\na b\nc\n"},
		{"zsh", `fake() { print -l "$*" 'a b' c }; compadd() { shift; print -l -- $@ }; words=(fake train --pre); CURRENT=3; _cgan`, asked + "\na b\nc\n"},
		{"zsh", `fake() { }; _files() { print files }; words=(fake train --pre); CURRENT=3; _cgan`, "files\n"},
		{"fish", `function cgan; printf '%s\n' "--pre $argv" --pref; end; complete -C 'cgan train --pre'`, "--pre " + asked + "\n--pref\n"},
		{"fish", `function cgan; end; complete -C 'cgan generate --weights ./completion.'`, "./completion.go\n"},
	} {
		shell, err := exec.LookPath(c.shell)
		if err != nil {
			t.Logf("no %s", c.shell)
			continue
		}
		_, script, _ := invoke("completion", c.shell)
		before := ""
		if c.shell == "zsh" {
			before = "compdef() { };" // of compinit
		}
		out, err := exec.Command(shell, "-c", before+script+"\n"+c.test).CombinedOutput()
		if err != nil || string(out) != c.want {
			t.Errorf("%s: %s, %v, want %s", c.shell, out, err, c.want)
		}
	}
}

func TestCompletionKnowsItsShells(t *testing.T) {
	if !slices.Equal(completionShells, []string{"bash", "zsh", "fish"}) || len(completionScripts) != len(completionShells) {
		t.Errorf("shells %v", completionShells)
	}
	if code, _, stderr := invoke("completion", "tcsh"); code != exitUsage || !strings.Contains(stderr, "bash, zsh or fish") {
		t.Errorf("%d, %s", code, stderr)
	}
}

// A command's help is its own, a topic is a page of the manual.
func TestHelp(t *testing.T) {
	for _, topic := range docs.Topics() {
		if code, stdout, stderr := invoke("help", topic); code != exitOK || !strings.HasPrefix(stdout, "# ") || strings.Contains(stdout, "<!--") || stderr != "" {
			t.Errorf("help %s: %d, %.80s, %s", topic, code, stdout, stderr)
		}
	}
	for _, command := range [][]string{{"export"}, {"judge", "train"}} {
		_, want, _ := invoke(append(command, "--help")...)
		if code, stdout, stderr := invoke(append([]string{"help"}, command...)...); code != exitOK || stdout != want || stderr != "" {
			t.Errorf("help %s: %d, %s, %s", command, code, stdout, stderr)
		}
	}
	_, want, _ := invoke("--help")
	if code, stdout, _ := invoke("help"); code != exitOK || stdout != want {
		t.Errorf("help: %d, %s", code, stdout)
	}
	if code, _, stderr := invoke("help", "index"); code != exitUsage || !strings.Contains(stderr, "topics are drawing") {
		t.Errorf("%d, %s", code, stderr)
	}
}
