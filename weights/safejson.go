package weights

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// object reads one object whole, calling field for each name, which then reads the value.
func (h safeHeader) object(record string, field func(name string) error) error {
	if err := h.delim(record, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for h.json.More() {
		name, err := h.string(record)
		if err != nil {
			return err
		}
		if seen[name] {
			return refuse(record, "the name %s occurs twice", quote(name))
		}
		seen[name] = true
		if err := field(name); err != nil {
			return err
		}
	}
	return h.delim(record, '}')
}

// numbers reads an array of at most limit plain non-negative integers below 2^63.
func (h safeHeader) numbers(record, field string, limit int) ([]uint64, error) {
	if err := h.delim(record, '['); err != nil {
		return nil, err
	}
	var numbers []uint64
	for h.json.More() {
		token, err := h.token(record)
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseUint(fmt.Sprint(token), 10, 63)
		if _, number := token.(json.Number); !number || err != nil {
			return nil, refuse(record, "%s holds %s where a non-negative integer belongs", field, quote(fmt.Sprint(token)))
		}
		if numbers = append(numbers, n); len(numbers) > limit {
			return nil, refuse(record, "%s has more than %d numbers", field, limit)
		}
	}
	return numbers, h.delim(record, ']')
}

func (h safeHeader) string(record string) (string, error) {
	token, err := h.token(record)
	if err != nil {
		return "", err
	}
	text, ok := token.(string)
	if !ok {
		return "", refuse(record, "has %s where a string belongs", quote(fmt.Sprint(token)))
	}
	if strings.ContainsRune(text, utf8.RuneError) { // what half a surrogate pair decodes to
		return "", refuse(record, "the string %s has a broken escape", quote(text))
	}
	return text, nil
}

func (h safeHeader) delim(record string, want json.Delim) error {
	token, err := h.token(record)
	if err != nil {
		return err
	}
	if token != want {
		return refuse(record, "has %s where %q belongs", quote(fmt.Sprint(token)), rune(want))
	}
	return nil
}

func (h safeHeader) token(record string) (json.Token, error) {
	token, err := h.json.Token()
	if err != nil {
		return nil, refuse(record, "the JSON is broken at byte %d: %v", h.json.InputOffset(), err)
	}
	return token, nil
}
