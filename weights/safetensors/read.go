// Package safetensors reads and writes safetensors files.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"cgan/weights"
)

// Own reader: github.com/nlpodyssey/safetensors decodes the header into a Go map, which loses the
// order of the tensors, keeps the last of two equal names in silence and lets a header begin with
// spaces.

// maxHeader is the longest header that the reference implementation reads, in bytes.
const maxHeader = 100_000_000

// metadataName is the one header entry that is no tensor.
const metadataName = "__metadata__"

// Read reads the bytes of a safetensors file and returns its tensors in header order, as slices of file,
// and its metadata (nil if it has none). It refuses what the reference implementation refuses, and also
// repeated names and a header that does not begin with "{". The error is a *weights.FormatError.
func Read(file []byte) (weights.StateDict, map[string]string, error) {
	header, payload, err := split(file)
	if err != nil {
		return nil, nil, err
	}
	entries, metadata, err := parseHeader(header)
	if err != nil {
		return nil, nil, err
	}
	if err := checkTiling(entries, uint64(len(payload))); err != nil {
		return nil, nil, err
	}
	state := make(weights.StateDict, len(entries))
	for i, e := range entries {
		t := weights.Tensor{DType: e.dtype, Shape: e.shape, Data: payload[e.begin:e.end:e.end]}
		if err := t.Validate(); err != nil {
			return nil, nil, weights.Refuse("tensor "+weights.Quote(e.name), "%v", err)
		}
		if at := t.DType.BadBool(t.Data); at >= 0 {
			return nil, nil, weights.Refuse("tensor "+weights.Quote(e.name), "byte %d is neither 0 nor 1 in a bool tensor", at)
		}
		state[i] = weights.Entry{Key: e.name, Tensor: t}
	}
	return state, metadata, nil
}

// split separates the JSON header from the payload.
func split(file []byte) (header, payload []byte, err error) {
	if len(file) < 8 {
		return nil, nil, weights.Refuse("header", "the file has %d bytes; a safetensors file has at least 8", len(file))
	}
	n := binary.LittleEndian.Uint64(file)
	if n > maxHeader {
		return nil, nil, weights.Refuse("header", "claims %d bytes; at most %d are allowed", n, maxHeader)
	}
	if n > uint64(len(file)-8) {
		return nil, nil, weights.Refuse("header", "claims %d bytes but only %d follow: the file is cut short", n, len(file)-8)
	}
	header, payload = file[8:8+n], file[8+n:]
	if n == 0 || header[0] != '{' {
		return nil, nil, weights.Refuse("header", "does not begin with '{'")
	}
	if !utf8.Valid(header) {
		return nil, nil, weights.Refuse("header", "is not UTF-8")
	}
	return header, payload, nil
}

// checkTiling demands that the tensors, in order of offset, cover the payload without hole,
// overlap or rest.
func checkTiling(entries []entry, size uint64) error {
	order := make([]*entry, len(entries))
	for i := range entries {
		order[i] = &entries[i]
	}
	slices.SortFunc(order, func(a, b *entry) int {
		if a.begin != b.begin {
			return cmp.Compare(a.begin, b.begin)
		}
		return cmp.Compare(a.end, b.end)
	})
	next := uint64(0)
	for _, e := range order {
		record := "tensor " + weights.Quote(e.name)
		switch {
		case e.end < e.begin:
			return weights.Refuse(record, "data_offsets [%d, %d] run backwards", e.begin, e.end)
		case e.begin < next:
			return weights.Refuse(record, "data_offsets begin at %d, inside the tensor before, which ends at %d", e.begin, next)
		case e.begin > next:
			return weights.Refuse(record, "data_offsets begin at %d, which leaves a hole after %d", e.begin, next)
		case e.end > size:
			return weights.Refuse(record, "data_offsets end at %d, past the %d bytes of payload", e.end, size)
		}
		next = e.end
	}
	if next != size {
		return weights.Refuse("payload", "%d bytes belong to no tensor", size-next)
	}
	return nil
}
