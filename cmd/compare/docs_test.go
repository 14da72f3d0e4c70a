package main

import (
	"slices"
	"testing"
)

func TestShellBlocks(t *testing.T) {
	got, err := shellBlocks("page.md", "text\n```sh\na\nb\n```\n```go\nx\n```\n<!-- not run: takes hours -->\n```sh\nc\n```\n")
	want := []shellBlock{{page: "page.md", line: 2, text: "a\nb\n"}, {page: "page.md", line: 10, text: "c\n", notRun: "takes hours"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := shellBlocks("page.md", "```sh\na\n"); err == nil {
		t.Error("a block without an end is taken")
	}
}
