package pt

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"cgan/weights"
)

// metadataName is the record with Write's metadata. TorchScript keeps what users add below extra/ too.
const metadataName = "extra/metadata.json"

// alignment is the multiple at which torch starts each payload, so that storages can be mapped.
const alignment = 64

// Write writes a value as torch.save would: a zip of stored, 64-byte aligned records. The name
// is the file's name: without its last extension it becomes the folder inside the zip. Tensors
// become v2 tensors with a storage each, a StateDict an OrderedDict with _metadata. An error says
// what in the value has no place in the file (then w has received nothing), or that w failed. Metadata, which may be nil, goes
// into a record of its own, which torch passes over.
func Write(w io.Writer, name string, v weights.Value, metadata map[string]string) error {
	data, tensors, err := pickle(v)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	p := &archiveWriter{zip: zip.NewWriter(w), top: topFolder(name)}
	p.record("data.pkl", data)
	p.record("byteorder", []byte("little"))
	for i, t := range tensors {
		p.record("data/"+strconv.Itoa(i), t.Data)
	}
	if len(metadata) > 0 {
		text, _ := json.Marshal(metadata) // texts can't fail, and their keys come sorted
		p.record(metadataName, text)
	}
	// No .format_version: it promises torch a layout from which offsets are computed, not read.
	p.record("version", []byte("3\n"))
	if p.err == nil {
		p.err = p.zip.Close()
	}
	return p.err
}

// archiveWriter keeps the offset in the zip, which archive/zip does not tell, and the first error.
type archiveWriter struct {
	zip    *zip.Writer
	top    string
	offset int
	err    error
}

// record writes one stored record after an extra field that pads its payload to the alignment.
func (p *archiveWriter) record(name string, payload []byte) {
	if p.err != nil {
		return
	}
	const fixedHeader, dataDescriptor, utf8Name = 30, 1 << 3, 1 << 11
	name = p.top + "/" + name
	extra := padding(p.offset + fixedHeader + len(name))
	header := &zip.FileHeader{Name: name, Method: zip.Store, Extra: extra, Flags: dataDescriptor | utf8Name,
		CRC32: crc32.ChecksumIEEE(payload), CompressedSize64: uint64(len(payload)), UncompressedSize64: uint64(len(payload))}
	out, err := p.zip.CreateRaw(header)
	if err == nil {
		_, err = out.Write(payload)
	}
	p.err = err
	p.offset += fixedHeader + len(name) + len(extra) + len(payload) + descriptorSize(uint64(len(payload)))
}

// descriptorSize returns the bytes after a payload: signature, CRC and two sizes.
func descriptorSize(payload uint64) int {
	if payload >= 1<<32-1 {
		return 24
	}
	return 16
}

// padding returns the extra field "FB" that ends at a multiple of the alignment.
func padding(offset int) []byte {
	const fieldHeader = 4
	pad := (alignment - (offset+fieldHeader)%alignment) % alignment
	return append([]byte{'F', 'B', byte(pad), 0}, strings.Repeat("Z", pad)...)
}

// topFolder turns a file name into the folder inside the zip; what torch might take for more than
// one plain folder becomes "archive".
func topFolder(name string) string {
	name = filepath.Base(filepath.ToSlash(name))
	top := strings.TrimSuffix(name, filepath.Ext(name))
	plain := func(r rune) bool {
		return r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	odd := strings.ContainsFunc(top, func(r rune) bool { return !plain(r) })
	if odd || len(top) > 100 || strings.Trim(top, ".") == "" {
		return "archive"
	}
	return top
}
