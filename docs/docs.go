// Package docs is the manual, for cgan help.
package docs

import (
	"embed"
	"strings"
)

//go:embed *.md
var pages embed.FS

// Topics are the names of the pages, but for the first one.
func Topics() (names []string) {
	entries, err := pages.ReadDir(".")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".md"); name != "index" {
			names = append(names, name)
		}
	}
	return names
}

// Page is a topic's page, Markdown without what only the check of its commands reads; "" where there is none.
func Page(topic string) string {
	text, err := pages.ReadFile(topic + ".md")
	if err != nil {
		return ""
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "<!--") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}
