package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"cgan/weights"
)

// Write writes tensors and optional metadata as a safetensors file. The header lists
// them in the given order; the payloads go by falling element size, as the reference does, so that
// each stays aligned. An error says what in the state dict has no place in the file (then w has
// received nothing), or that w failed.
func Write(w io.Writer, s weights.StateDict, metadata map[string]string) error {
	header, order, err := headerBytes(s, metadata)
	if err != nil {
		return fmt.Errorf("cannot write safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, i := range order {
		if _, err := w.Write(s[i].Data); err != nil {
			return err
		}
	}
	return nil
}

// headerBytes returns the length, the JSON padded with spaces to a multiple of 8, and the
// order in which the payloads follow.
func headerBytes(s weights.StateDict, metadata map[string]string) ([]byte, []int, error) {
	if err := s.Validate(); err != nil {
		return nil, nil, err
	}
	order, offsets := layout(s)
	out := bytes.NewBuffer(make([]byte, 8))
	out.WriteByte('{')
	if len(metadata) > 0 {
		if err := writeField(out, metadataName, metadata); err != nil {
			return nil, nil, err
		}
	}
	for i, e := range s {
		if dtypeNames[e.DType] == "" || e.Key == metadataName {
			return nil, nil, fmt.Errorf("tensor %s of type %v has no place in the format", weights.Quote(e.Key), e.DType)
		}
		entry := headerEntry{dtypeNames[e.DType], append([]int64{}, e.Shape...), offsets[i]}
		if err := writeField(out, e.Key, entry); err != nil {
			return nil, nil, err
		}
	}
	out.WriteByte('}')
	for out.Len()%8 != 0 {
		out.WriteByte(' ')
	}
	if out.Len()-8 > maxHeader {
		return nil, nil, fmt.Errorf("the header has %d bytes; at most %d are allowed", out.Len()-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(out.Bytes(), uint64(out.Len()-8))
	return out.Bytes(), order, nil
}

// headerEntry is one tensor as the header spells it.
type headerEntry struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// layout returns the order of the payloads and, for each tensor, where its own lies.
func layout(s weights.StateDict) (order []int, offsets [][2]int64) {
	order, offsets = make([]int, len(s)), make([][2]int64, len(s))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return s[b].DType.Size() - s[a].DType.Size() })
	at := int64(0)
	for _, i := range order {
		end := at + int64(len(s[i].Data))
		offsets[i], at = [2]int64{at, end}, end
	}
	return order, offsets
}

// writeField appends "name":value; maps come out in sorted order.
func writeField(out *bytes.Buffer, name string, value any) error {
	if !utf8.ValidString(name) {
		return fmt.Errorf("the name %s is not UTF-8", weights.Quote(name))
	}
	if last := out.Bytes()[out.Len()-1]; last != '{' {
		out.WriteByte(',')
	}
	key, err := json.Marshal(name)
	if err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	out.Write(key)
	out.WriteByte(':')
	out.Write(text)
	return nil
}
