package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shown is a text of a foreign file as it may stand on a terminal: what is printable as it is, the rest quoted, so that no
// escape code and no forged line gets there, and nothing long.
func shown(text string) string {
	const most = 160
	long := len(text) > most
	if !long && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	if !long {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprintf("%q... (%d bytes)", text[:most], len(text))
}
