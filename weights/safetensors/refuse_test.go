package safetensors

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/weightstest"
)

// safeFile puts a length in front of a header, and a payload after it.
func safeFile(header, payload string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+payload...)
}

func readSafe(file []byte) error {
	_, _, err := Read(file)
	return err
}

// headerOf is the header of one tensor "w" with these fields.
func headerOf(fields string) string { return `{"w":{` + fields + `}}` }

func TestRefuse(t *testing.T) { // 88: each line of the reference checks
	const four = "\x00\x00\x80\x3f"
	w := `tensor "w"`
	one := func(fields string) []byte { return safeFile(headerOf(fields), four) }
	two := func(a, b, payload string) []byte {
		return safeFile(`{"a":{"dtype":"U8","shape":[2],"data_offsets":`+a+`},"b":{"dtype":"U8","shape":[2],"data_offsets":`+b+`}}`, payload)
	}
	weightstest.CheckRefusals(t, readSafe, []weightstest.Refusal{
		{"88 empty", nil, "header", "has 0 bytes"},
		{"88 seven bytes", []byte("1234567"), "header", "has 7 bytes"},
		{"88 header too long", binary.LittleEndian.AppendUint64(nil, 100_000_001), "header", "claims 100000001 bytes; at most"},
		{"88 header of 2^64", []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "header", "at most 100000000"},
		{"88 header past the end", append(binary.LittleEndian.AppendUint64(nil, 100), "{}"...), "header", "cut short"},
		{"88 no header", safeFile("", ""), "header", "does not begin with '{'"},
		{"88 not UTF-8", safeFile("{\"\xff\":1}", ""), "header", "not UTF-8"},
		{"88 not JSON", safeFile("{nonsense", ""), "header", "broken at byte"},
		{"88 not an object", safeFile("[]", ""), "header", "does not begin with '{'"},
		{"88 unfinished", safeFile(`{"w":{"dtype":"F32"`, ""), w, "broken at byte"},
		{"88 hole in front", two("[1,3]", "[3,5]", "12345"), `tensor "a"`, "leaves a hole"},
		{"88 hole between", two("[0,2]", "[3,5]", "12345"), `tensor "b"`, "leaves a hole after 2"},
		{"88 overlap", two("[0,2]", "[1,3]", "123"), `tensor "b"`, "inside the tensor before"},
		{"88 backwards", two("[0,2]", "[2,0]", "12"), `tensor "b"`, "run backwards"},
		{"88 past the payload", two("[0,2]", "[2,4]", "123"), `tensor "b"`, "past the 3 bytes of payload"},
		{"88 trailing bytes", two("[0,2]", "[2,4]", "12345"), "payload", "1 bytes belong to no tensor"},
		{"88 size is not the shape's", one(`"dtype":"F32","shape":[2],"data_offsets":[0,4]`), w, "needs 8 bytes, has 4"},
		{"88 shape overflows", one(`"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]`), w, "overflows"},
		{"88 shape above 2^63", one(`"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]`), w, "where a non-negative integer belongs"},
		{"88 negative dimension", one(`"dtype":"F32","shape":[-1],"data_offsets":[0,4]`), w, `holds "-1"`},
		{"88 65 dimensions", one(`"dtype":"F32","shape":[` + strings.Repeat("1,", 64) + `1],"data_offsets":[0,4]`), w, "more than 64"},
		{"88 negative offset", one(`"dtype":"F32","shape":[1],"data_offsets":[-4,0]`), w, `holds "-4"`},
		{"88 float offset", one(`"dtype":"F32","shape":[1],"data_offsets":[0,4.0]`), w, `holds "4.0"`},
		{"88 exponent offset", one(`"dtype":"F32","shape":[1],"data_offsets":[0,4e0]`), w, `holds "4e0"`},
		{"88 string offset", one(`"dtype":"F32","shape":[1],"data_offsets":[0,"4"]`), w, "where a non-negative integer belongs"},
		{"88 three offsets", one(`"dtype":"F32","shape":[1],"data_offsets":[0,4,4]`), w, "more than 2"},
		{"88 one offset", one(`"dtype":"F32","shape":[1],"data_offsets":[0]`), w, "has 1 numbers"},
		{"88 offsets an object", one(`"dtype":"F32","shape":[1],"data_offsets":{}`), w, "belongs"},
		{"88 unknown dtype", one(`"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]`), w, `dtype "F8_E4M3" is not one`},
		{"88 dtype in small letters", one(`"dtype":"f32","shape":[1],"data_offsets":[0,4]`), w, `dtype "f32"`},
		{"88 empty dtype", one(`"dtype":"","shape":[1],"data_offsets":[0,4]`), w, `dtype ""`},
		{"88 field twice", one(`"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]`), w, `"dtype" occurs twice`},
		{"88 field missing", one(`"dtype":"F32","shape":[1]`), w, "missing"},
		{"88 field in capitals", one(`"Dtype":"F32","shape":[1],"data_offsets":[0,4]`), w, `unknown field "Dtype"`},
		{"88 tensor is null", safeFile(`{"w":null}`, ""), w, "belongs"},
		{"88 metadata not strings", safeFile(`{"__metadata__":{"a":1}}`, ""), metadataName, "where a string belongs"},
		{"88 metadata no object", safeFile(`{"__metadata__":"a"}`, ""), metadataName, "belongs"},
		{"88 NUL after the JSON", safeFile("{}\x00", ""), "header", "not spaces follow"},
		{"88 second JSON", safeFile("{}{}", ""), "header", "not spaces follow"},
		{"88 newline after the JSON", safeFile("{}\n", ""), "header", "not spaces follow"},
		{"88 name twice", safeFile(`{"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0077":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, ""), "header", `"w" occurs twice`},
		{"88 metadata twice", safeFile(`{"__metadata__":{},"__metadata__":{}}`, ""), "header", "occurs twice"},
		{"88 space in front", safeFile(" {}", ""), "header", "does not begin with '{'"},
		{"88 broken escape", safeFile(`{"\ud800":{}}`, ""), "header", "broken escape"},
		{"88 bool of 2", safeFile(headerOf(`"dtype":"BOOL","shape":[1],"data_offsets":[0,1]`), "\x02"), w, "neither 0 nor 1"},
		{"88 deep", safeFile(`{"w":`+strings.Repeat("[", 100_000), ""), w, "belongs"},
	})
}

func TestAccept(t *testing.T) {
	for name, c := range map[string]struct {
		header, payload string
		want            string
	}{
		"no tensors":      {"{}", "", "o{}mo{s:{s76657273696f6e:i1}}"},
		"trailing spaces": {"{}   ", "", "o{}mo{s:{s76657273696f6e:i1}}"},
		"spaces inside":   {"{ \n\t}", "", "o{}mo{s:{s76657273696f6e:i1}}"},
	} {
		file := safeFile(c.header, c.payload)
		s, _, err := Read(file)
		if err != nil || weightstest.Dump(s) != c.want {
			t.Errorf("%s: %v, %v", name, weightstest.Dump(s), err)
		}
	}
	file := safeFile(`{"b":{"data_offsets":[2,2],"shape":[0,3],"dtype":"F64"},"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}}`, "\x80\x3f")
	s, _, err := Read(file)
	if err != nil || len(s) != 2 || s[0].Key != "b" || s[0].Numel() != 0 || s[1].DType != weights.BF16 || len(s[1].Shape) != 0 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestHeaderSize(t *testing.T) { // 89
	var names strings.Builder
	for i := range 1_000_000 {
		fmt.Fprintf(&names, `,"key%d":""`, i)
	}
	file := safeFile(`{"__metadata__":{`+names.String()[1:]+"}}", "")
	weightstest.CheckAlloc(t, len(file), weightstest.AllocConstant, func() {
		_, metadata, err := Read(file)
		if err != nil || len(metadata) != 1_000_000 {
			t.Errorf("%d keys, %v", len(metadata), err)
		}
	})
	spaces := strings.Repeat(" ", 99_000_000)
	for header, reason := range map[string]string{"{}" + spaces: "", "{" + spaces + "}": "", spaces + "{}": "does not begin"} {
		file := safeFile(header, "")
		var err error
		weightstest.CheckAlloc(t, len(file), weightstest.AllocConstant, func() { err = readSafe(file) })
		if reason == "" && err != nil || reason != "" && (err == nil || !strings.Contains(err.Error(), reason)) {
			t.Errorf("%d bytes: %v", len(file), err)
		}
	}
}
