package formats

import (
	"bytes"
	"encoding/binary"
	"strings"

	"cgan/weights"
	"cgan/weights/pt"
)

// Format is a kind of file.
type Format int

// The formats that Open reads.
const (
	Unknown       Format = iota
	PyTorch              // .pt of torch 1.6 and later
	LegacyPyTorch        // .pt before
	Safetensors          // .safetensors
)

// String names the format for people.
func (f Format) String() string {
	switch f {
	case PyTorch:
		return "PyTorch"
	case LegacyPyTorch:
		return "PyTorch (legacy)"
	case Safetensors:
		return "safetensors"
	}
	return "unknown"
}

// kind is what the first bytes of a file tell: a format, or why there is none.
type kind struct {
	format Format
	reason string
}

// foreign holds the beginnings of files that are often taken for weights.
var foreign = []struct{ start, reason string }{
	{"version https://git-lfs", "is a git-LFS pointer, not the weights: run git lfs pull"},
	{"\x1f\x8b", "is compressed with gzip: unpack it first"},
	{"7z\xbc\xaf\x27\x1c", "is a 7z archive: unpack it first"},
	{"BZh", "is compressed with bzip2: unpack it first"},
	{"\xfd7zXZ\x00", "is compressed with xz: unpack it first"},
	{"\x28\xb5\x2f\xfd", "is compressed with zstd: unpack it first"},
	{"Rar!", "is a RAR archive: unpack it first"},
	{"\x89HDF", "is an HDF5 (Keras) file, not a file of torch.save"},
	{"\x93NUMPY", "is a NumPy array, not a file of torch.save"},
	{"GGUF", "is a GGUF file, not a file of torch.save"},
	{zipEnd, "is an empty zip"},
}

// sniff decides by content alone; a name can lie.
func sniff(file []byte) kind {
	if len(file) == 0 {
		return kind{reason: "the file is empty"}
	}
	if fitsSafetensors(file) { // before all signatures: the low bytes of a length can look like any of them
		return kind{format: Safetensors}
	}
	for _, f := range foreign {
		if bytes.HasPrefix(file, []byte(f.start)) {
			return kind{reason: f.reason}
		}
	}
	switch {
	case isZip(file):
		return kind{format: PyTorch}
	case pt.IsPickle(file):
		return kind{format: LegacyPyTorch}
	case isTar(file):
		return kind{reason: "is a tar archive: unpack it first (torch before 0.2 wrote such files; " +
			"save it again in a newer torch)"}
	case isSafetensors(file):
		return kind{format: Safetensors}
	case isMarkup(file):
		return kind{reason: "is a web page, not weights: the download went wrong"}
	case isONNX(file):
		return kind{reason: "looks like an ONNX model; give the state_dict it was exported from"}
	case bytes.Contains(file[max(0, len(file)-1<<16):], []byte(zipEnd)):
		return kind{reason: "has bytes before the zip that torch.save wrote"}
	}
	return kind{reason: "is neither a file of torch.save nor safetensors; it begins with " +
		weights.Quote(string(file[:min(len(file), 16)]))}
}

func isZip(file []byte) bool { return bytes.HasPrefix(file, []byte(zipStart)) }

func isTar(file []byte) bool {
	return len(file) > 262 && string(file[257:262]) == "ustar"
}

// fitsSafetensors says that the file begins with the length of a header that fits into it, and the header with "{". In
// that place a pickle, a zip and the other formats have something else.
func fitsSafetensors(file []byte) bool {
	return len(file) > 9 && file[8] == '{' && binary.LittleEndian.Uint64(file) <= uint64(len(file)-8)
}

// isSafetensors recognises the JSON after the length, even if the length is wrong; spaces before
// it, which some writers make, are left for the reader to refuse.
func isSafetensors(file []byte) bool {
	if len(file) < 9 {
		return false
	}
	start := bytes.TrimLeft(file[8:min(len(file), 64)], " \t\r\n")
	plausible := binary.LittleEndian.Uint64(file) <= uint64(len(file))
	return file[8] == '{' || plausible && len(start) > 0 && start[0] == '{'
}

func isMarkup(file []byte) bool {
	start := strings.ToLower(string(bytes.TrimLeft(file[:min(len(file), 256)], "\xef\xbb\xbf \t\r\n")))
	return strings.HasPrefix(start, "<!doctype") || strings.HasPrefix(start, "<html") || strings.HasPrefix(start, "<?xml")
}

// isONNX recognises the protobuf fields ir_version and producer or opset.
func isONNX(file []byte) bool {
	return len(file) > 16 && file[0] == 0x08 && file[1] > 0 && file[1] < 32 &&
		(file[2] == 0x12 || file[2] == 0x3a || file[2] == 0x42)
}
