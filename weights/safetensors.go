package weights

import (
	"cmp"
	"encoding/binary"
	"io"
	"slices"
	"unicode/utf8"
)

// Own reader: github.com/nlpodyssey/safetensors decodes the header into a Go map, which loses the
// order of the tensors, keeps the last of two equal names in silence and lets a header begin with
// spaces.

// maxSafeHeader is the longest header that the reference implementation reads, in bytes.
const maxSafeHeader = 100_000_000

// metadataName is the one header entry that is no tensor.
const metadataName = "__metadata__"

// ReadSafetensors reads a safetensors file of size bytes and returns its tensors in header order
// and its metadata (nil if it has none). It refuses what the reference implementation refuses, and
// also repeated names and a header that does not begin with "{". The error is a *FormatError.
func ReadSafetensors(r io.ReaderAt, size int64) (StateDict, map[string]string, error) {
	file, err := readAll(r, size)
	if err != nil {
		return nil, nil, err
	}
	return parseSafetensors(file)
}

func parseSafetensors(file []byte) (StateDict, map[string]string, error) {
	header, payload, err := splitSafetensors(file)
	if err != nil {
		return nil, nil, err
	}
	entries, metadata, err := parseSafeHeader(header)
	if err != nil {
		return nil, nil, err
	}
	if err := checkTiling(entries, uint64(len(payload))); err != nil {
		return nil, nil, err
	}
	state := make(StateDict, len(entries))
	for i, e := range entries {
		t := Tensor{DType: e.dtype, Shape: e.shape, Data: payload[e.begin:e.end:e.end]}
		if err := t.Validate(); err != nil {
			return nil, nil, refuse("tensor "+quote(e.name), "%v", err)
		}
		if at := badBool(t.DType, t.Data); at >= 0 {
			return nil, nil, refuse("tensor "+quote(e.name), "byte %d is neither 0 nor 1 in a bool tensor", at)
		}
		state[i] = Entry{Key: e.name, Tensor: t}
	}
	return state, metadata, nil
}

// splitSafetensors separates the JSON header from the payload.
func splitSafetensors(file []byte) (header, payload []byte, err error) {
	if len(file) < 8 {
		return nil, nil, refuse("header", "the file has %d bytes; a safetensors file has at least 8", len(file))
	}
	n := binary.LittleEndian.Uint64(file)
	if n > maxSafeHeader {
		return nil, nil, refuse("header", "claims %d bytes; at most %d are allowed", n, maxSafeHeader)
	}
	if n > uint64(len(file)-8) {
		return nil, nil, refuse("header", "claims %d bytes but only %d follow: the file is cut short", n, len(file)-8)
	}
	header, payload = file[8:8+n], file[8+n:]
	if n == 0 || header[0] != '{' {
		return nil, nil, refuse("header", "does not begin with '{'")
	}
	if !utf8.Valid(header) {
		return nil, nil, refuse("header", "is not UTF-8")
	}
	return header, payload, nil
}

// checkTiling demands that the tensors, in order of offset, cover the payload without hole,
// overlap or rest.
func checkTiling(entries []safeEntry, size uint64) error {
	order := make([]*safeEntry, len(entries))
	for i := range entries {
		order[i] = &entries[i]
	}
	slices.SortFunc(order, func(a, b *safeEntry) int {
		if a.begin != b.begin {
			return cmp.Compare(a.begin, b.begin)
		}
		return cmp.Compare(a.end, b.end)
	})
	next := uint64(0)
	for _, e := range order {
		record := "tensor " + quote(e.name)
		switch {
		case e.end < e.begin:
			return refuse(record, "data_offsets [%d, %d] run backwards", e.begin, e.end)
		case e.begin < next:
			return refuse(record, "data_offsets begin at %d, inside the tensor before, which ends at %d", e.begin, next)
		case e.begin > next:
			return refuse(record, "data_offsets begin at %d, which leaves a hole after %d", e.begin, next)
		case e.end > size:
			return refuse(record, "data_offsets end at %d, past the %d bytes of payload", e.end, size)
		}
		next = e.end
	}
	if next != size {
		return refuse("payload", "%d bytes belong to no tensor", size-next)
	}
	return nil
}
