package safetensors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"cgan/weights"
)

// entry is one tensor of a safetensors header; begin and end count bytes of the payload.
type entry struct {
	name       string
	dtype      weights.DType
	shape      []int64
	begin, end uint64
}

// headerReader walks the header token by token: json.Unmarshal would keep the last of two equal
// names, match field names in any case and turn broken escapes into other names, all in silence.
type headerReader struct {
	json *json.Decoder
}

func parseHeader(header []byte) (entries []entry, metadata map[string]string, err error) {
	h := headerReader{json.NewDecoder(bytes.NewReader(header))}
	h.json.UseNumber()
	err = h.object("header", func(name string) error {
		if name == metadataName {
			metadata, err = h.metadata()
			return err
		}
		e, err := h.entry(name)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	rest := header[h.json.InputOffset():]
	if len(bytes.Trim(rest, " ")) > 0 {
		return nil, nil, weights.Refuse("header", "%d bytes that are not spaces follow the JSON", len(rest))
	}
	return entries, metadata, nil
}

func (h headerReader) metadata() (map[string]string, error) {
	values := map[string]string{}
	err := h.object(metadataName, func(name string) (err error) {
		values[name], err = h.string(metadataName)
		return err
	})
	return values, err
}

// entry reads {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, fields in any order.
func (h headerReader) entry(name string) (entry, error) {
	e, record, fields := entry{name: name}, "tensor "+weights.Quote(name), 0
	err := h.object(record, func(field string) (err error) {
		fields++
		switch field {
		case "dtype":
			e.dtype, err = h.dtype(record)
		case "shape":
			e.shape, err = h.shape(record)
		case "data_offsets":
			e.begin, e.end, err = h.offsets(record)
		default:
			err = weights.Refuse(record, "unknown field %s", weights.Quote(field))
		}
		return err
	})
	if err == nil && fields != 3 {
		err = weights.Refuse(record, "dtype, shape or data_offsets is missing")
	}
	return e, err
}

func (h headerReader) dtype(record string) (weights.DType, error) {
	name, err := h.string(record)
	if err != nil {
		return 0, err
	}
	d := dtypeNamed(name)
	if d == 0 {
		return 0, weights.Refuse(record, "dtype %s is not one that is read here", weights.Quote(name))
	}
	return d, nil
}

func (h headerReader) shape(record string) ([]int64, error) {
	numbers, err := h.numbers(record, "shape", weights.MaxRank)
	shape := make([]int64, len(numbers))
	for i, n := range numbers {
		shape[i] = int64(n)
	}
	return shape, err
}

func (h headerReader) offsets(record string) (begin, end uint64, err error) {
	numbers, err := h.numbers(record, "data_offsets", 2)
	if err == nil && len(numbers) != 2 {
		err = weights.Refuse(record, "data_offsets has %d numbers instead of 2", len(numbers))
	}
	if err != nil {
		return 0, 0, err
	}
	return numbers[0], numbers[1], nil
}

// object reads one object whole, calling field for each name, which then reads the value.
func (h headerReader) object(record string, field func(name string) error) error {
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
			return weights.Refuse(record, "the name %s occurs twice", weights.Quote(name))
		}
		seen[name] = true
		if err := field(name); err != nil {
			return err
		}
	}
	return h.delim(record, '}')
}

// numbers reads an array of at most limit plain non-negative integers below 2^63.
func (h headerReader) numbers(record, field string, limit int) ([]uint64, error) {
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
			return nil, weights.Refuse(record, "%s holds %s where a non-negative integer belongs",
				field, weights.Quote(fmt.Sprint(token)))
		}
		if numbers = append(numbers, n); len(numbers) > limit {
			return nil, weights.Refuse(record, "%s has more than %d numbers", field, limit)
		}
	}
	return numbers, h.delim(record, ']')
}

func (h headerReader) string(record string) (string, error) {
	token, err := h.token(record)
	if err != nil {
		return "", err
	}
	text, ok := token.(string)
	if !ok {
		return "", weights.Refuse(record, "has %s where a string belongs", weights.Quote(fmt.Sprint(token)))
	}
	if strings.ContainsRune(text, utf8.RuneError) { // what half a surrogate pair decodes to
		return "", weights.Refuse(record, "the string %s has a broken escape", weights.Quote(text))
	}
	return text, nil
}

func (h headerReader) delim(record string, want json.Delim) error {
	token, err := h.token(record)
	if err != nil {
		return err
	}
	if token != want {
		return weights.Refuse(record, "has %s where %q belongs", weights.Quote(fmt.Sprint(token)), rune(want))
	}
	return nil
}

func (h headerReader) token(record string) (json.Token, error) {
	token, err := h.json.Token()
	if err != nil {
		return nil, weights.Refuse(record, "the JSON is broken at byte %d: %v", h.json.InputOffset(), err)
	}
	return token, nil
}

// dtypeNames are the format's names of the element types; complex128 has none.
var dtypeNames = map[weights.DType]string{
	weights.F64: "F64", weights.F32: "F32", weights.F16: "F16", weights.BF16: "BF16",
	weights.I64: "I64", weights.I32: "I32", weights.I16: "I16", weights.I8: "I8",
	weights.U64: "U64", weights.U32: "U32", weights.U16: "U16", weights.U8: "U8",
	weights.Bool: "BOOL", weights.C64: "C64",
}

// dtypeNamed returns the type of a name; the zero DType if there is none.
func dtypeNamed(name string) weights.DType {
	for d, known := range dtypeNames {
		if known == name {
			return d
		}
	}
	return 0
}
