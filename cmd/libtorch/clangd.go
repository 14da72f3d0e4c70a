package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
)

// compileCommand is an entry of compile_commands.json, by which clangd and other tools know how a source is compiled:
// clang.llvm.org/docs/JSONCompilationDatabase.html.
type compileCommand struct {
	Directory string   `json:"directory"`
	File      string   `json:"file"`
	Arguments []string `json:"arguments"`
}

// compileCommands has every C and C++ source below bindings.
func compileCommands(root string, lt libtorch) ([]byte, error) {
	sources, err := filepath.Glob(filepath.Join(root, "bindings", "*", "*.c*"))
	if err != nil {
		return nil, err
	}
	all := []compileCommand{}
	for _, source := range sources {
		dir := filepath.Dir(source)
		var args []string
		switch ext := filepath.Ext(source); {
		case ext == ".c":
			args = append([]string{"gcc"}, strings.Fields(ownFlags())...)
		case filepath.Base(dir) == "kernels": // which knows no libtorch; its flags stand in kernels.go
			args = append([]string{"g++", "-std=c++17"}, strings.Fields(ownFlags())...)
		default:
			args = append([]string{"g++"}, strings.Fields(lt.cxx()+" "+ownFlags()+" -Wno-sign-compare")...)
			for _, include := range lt.headers() {
				args = append(args, "-I"+include)
			}
		}
		all = append(all, compileCommand{dir, source, slices.Concat(args, []string{"-I" + dir, "-c", source})})
	}
	text, err := json.MarshalIndent(all, "", "  ")
	return append(text, '\n'), err
}
