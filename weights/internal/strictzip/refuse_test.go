package strictzip

import (
	"encoding/binary"
	"strings"
	"testing"

	"cgan/weights/internal/strictzip/ziptest"
	"cgan/weights/internal/weightstest"
)

var le = binary.LittleEndian

// records are those of a small .pt file; what is in them does not matter here.
func records() []ziptest.Part {
	return []ziptest.Part{{Name: "a/data.pkl", Data: "a pickle"}, {Name: "a/data/0", Data: "sixteen bytes..."}, {Name: "a/version", Data: "3\n"}}
}

func read(file []byte) error {
	_, err := Read(file, nil)
	return err
}

func TestRead(t *testing.T) {
	for _, zip64 := range []bool{false, true} {
		got, err := Read(ziptest.Build(zip64, records()...).Data, nil)
		if err != nil || len(got) != 3 || got[1].Name != "a/data/0" || string(got[1].Payload) != "sixteen bytes..." || got[1].Size != 16 {
			t.Errorf("zip64 %v: %+v, %v", zip64, got, err)
		}
	}
}

func TestRefuse(t *testing.T) {
	good := func() *ziptest.File { return ziptest.Build(false, records()...) }
	wide := func() *ziptest.File { return ziptest.Build(true, records()...) }
	base := records()
	with := func(p ...ziptest.Part) []byte { return ziptest.Build(false, append(records(), p...)...).Data }
	size := len(good().Data)
	g := good()
	locator := wide().End - locatorSize
	weightstest.CheckRefusals(t, read, []weightstest.Refusal{
		{"02 signature only", []byte(signLocal), "zip", "cut short"},
		{"07 last byte missing", good().Data[:size-1], "zip", "cut short"},
		{"08 bytes after the end", append(good().Data, 0, 0), "zip", "bytes follow the end record"},
		{"09 count larger", good().Set16(g.End+8, 4).Set16(g.End+10, 4).Data, "zip", "claims 4 records in a directory of"},
		{"09 entry damaged", good().Set32(g.Central[2], 7).Data, "zip", "fewer entries than it claims"},
		{"09 count smaller", good().Set16(g.End+8, 2).Set16(g.End+10, 2).Data, "zip", "more than its 2 records need"},
		{"09 two counts", good().Set16(g.End+8, 2).Data, "zip", "two different counts"},
		{"10 directory offset", good().Set32(g.End+16, 1<<30).Data, "zip", "reaches past its end"},
		{"10 directory size", good().Set32(g.End+12, 1<<30).Data, "zip", "reaches past its end"},
		{"10 directory elsewhere", good().Set32(g.End+16, uint32(g.Dir)-1).Data, "zip", "but the end record starts at"},
		{"11 locator outside", wide().Set64(locator+8, 1<<40).Data, "zip", "locator points to 1099511627776"},
		{"11 locator at itself", wide().Set64(locator+8, uint64(locator)).Data, "zip", "where no zip64 end record lies"},
		{"11 locator of two disks", wide().Set32(locator+16, 2).Data, "zip", "several disks"},
		{"11 locator of no disk", wide().Set32(locator+16, 0).Data, "zip", "several disks"},
		{"11 zip64 disagrees", wide().Set16(wide().End+8, 2).Set16(wide().End+10, 2).Data, "zip", "disagree"},
		{"12 header past the end", good().Set32(g.Central[1]+42, 1<<30).Data, "a/data/0", "not in front of the directory"},
		{"13 same place twice", good().Set32(g.Central[1]+42, 0).Data, "a/data.pkl", "no whole record header"},
		{"13 overlap", good().Set32(g.Local[0]+18, 500).Set32(g.Local[0]+22, 500).Set32(g.Central[0]+20, 500).Set32(g.Central[0]+24, 500).Data,
			"a/data.pkl", "its 500 bytes overlap a/data/0"},
		{"13 gap", good().Set32(g.Local[1]+18, 8).Set32(g.Local[1]+22, 8).Set32(g.Central[1]+20, 8).Set32(g.Central[1]+24, 8).Data,
			"a/data/0", "8 bytes between it and a/version belong to no record"},
		{"14 into the directory", good().Set32(g.Local[2]+18, 50).Set32(g.Local[2]+22, 50).Set32(g.Central[2]+20, 50).Set32(g.Central[2]+24, 50).Data,
			"a/version", "overlap the directory"},
		{"15 data.pkl twice", with(base[0]), "a/data.pkl", "twice"},
		{"16 storage twice", with(base[1]), "a/data/0", "twice"},
		{"17 names that differ in case", with(ziptest.Part{Name: "a/DATA.pkl"}), "a/DATA.pkl", "twice"},
		{"18 two names", replace(good(), g.Local[1]+localSize, "a/data/1"), "a/data/0", `called "a/data/1" in its own header`},
		{"19 two sizes", good().Set32(g.Local[1]+22, 15).Data, "a/data/0", "another size"},
		{"19 two methods", good().Set16(g.Local[1]+8, 8).Data, "a/data/0", "another method"},
		{"19 two CRCs", good().Set32(g.Local[1]+14, 7).Data, "a/data/0", "another CRC"},
		{"19 descriptor missing", good().Set16(g.Local[1]+6, 8).Set16(g.Central[1]+8, 8).Data, "a/data/0", "no descriptor"},
		{"20 parent folder", with(ziptest.Part{Name: "a/../b"}), "zip", `"a/../b" is not a plain relative path`},
		{"21 absolute", with(ziptest.Part{Name: "/etc/x"}), "zip", "not a plain relative path"},
		{"21 drive", with(ziptest.Part{Name: "C:/x"}), "zip", "not a plain relative path"},
		{"21 backslash", with(ziptest.Part{Name: `a\x`}), "zip", "not a plain relative path"},
		{"21 NUL", with(ziptest.Part{Name: "a/x\x00y"}), "zip", "not a plain relative path"},
		{"21 not UTF-8", with(ziptest.Part{Name: "a/\xff"}), "zip", "not a plain relative path"},
		{"21 newline", with(ziptest.Part{Name: "a/x\ny"}), "zip", "not a plain relative path"},
		{"21 long", with(ziptest.Part{Name: "a/" + strings.Repeat("x", 1023)}), "zip", "not a plain relative path"},
		{"22 symbolic link", good().Set32(g.Central[1]+38, 0xa1ff0000).Data, "a/data/0", "symbolic link"},
		{"23 deflated", with(ziptest.Part{Name: "a/data/1", Method: 8}), "a/data/1", "is compressed"},
		{"24 unknown method", with(ziptest.Part{Name: "a/data/1", Method: 12}), "a/data/1", "zip method 12"},
		{"25 encrypted", with(ziptest.Part{Name: "a/data/1", Flags: 1}), "a/data/1", "encrypted"},
		{"25 masked headers", with(ziptest.Part{Name: "a/data/1", Flags: 1 << 13}), "a/data/1", "zip flags 0x2000"},
		{"28 packed is not unpacked", good().Set32(g.Local[1]+18, 9).Set32(g.Central[1]+20, 9).Data, "a/data/0", "9 bytes packed and 16 unpacked"},
		{"29 size 2^63", hugeRecord(), "a/big", "overlap the directory"},
		{"29 sizes beyond the file", good().Set32(g.Central[1]+20, 1<<31).Set32(g.Central[1]+24, 1<<31).Data, "a/data/0", "its 2147483648 bytes overlap"},
		{"35 too many records", wide().Set64(locator-end64Size+24, 1e7).Set64(locator-end64Size+32, 1e7).Set16(wide().End+8, 0xffff).Set16(wide().End+10, 0xffff).Data,
			"zip", "claims 10000000 records; at most"},
	})
}

func replace(b *ziptest.File, at int, text string) []byte {
	copy(b.Data[at:], text)
	return b.Data
}

// hugeRecord has a record whose zip64 field says 2^63 bytes.
func hugeRecord() []byte {
	b := ziptest.Build(false, records()[1:]...)
	field := le.AppendUint64(le.AppendUint64([]byte{1, 0, 16, 0}, 1<<63), 1<<63)
	p := ziptest.Part{Name: "a/big"}
	b.Data = append(b.Data[:b.Dir:b.Dir], signLocal...)
	b.Local = append(b.Local, b.Dir)
	b.Data = append(b.Header(p), p.Name...)
	old := b.Dir
	entries := goodDirectory(old)
	b.Dir = len(b.Data)
	b.Data = append(b.Data, entries...)
	at := len(b.Data)
	b.Data = append(b.Data, signCentral+"\x00\x00"...)
	b.Data = append(b.Header(p), make([]byte, 10)...)
	b.Data = le.AppendUint32(b.Data, uint32(old))
	b.Data = append(append(b.Data, p.Name...), field...)
	b.Set32(at+20, 1<<32-1).Set32(at+24, 1<<32-1).Set16(at+30, uint16(len(field)))
	b.Finish(false, 3)
	return b.Data
}

// goodDirectory returns the directory of the file that hugeRecord starts from.
func goodDirectory(from int) []byte {
	b := ziptest.Build(false, records()[1:]...)
	return b.Data[from:b.End]
}
