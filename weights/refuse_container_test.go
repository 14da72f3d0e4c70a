package weights

import (
	"strings"
	"testing"
)

func TestRefuseContainer(t *testing.T) {
	good := func() *zipBuild { return goodFile(false) }
	wide := func() *zipBuild { return goodFile(true) }
	base := ptParts(pkl(pDict(pString("w"), tensorOps{}.String())), fourFloats)
	with := func(p ...part) []byte { return buildZip(false, append(append([]part{}, base...), p...)...).data }
	size := len(good().data)
	g := good()
	locator := wide().end - locatorSize
	checkRefusals(t, readPT, []refusal{
		{"01 empty", nil, "", "the file is empty"},
		{"02 signature only", []byte(signLocal), "zip", "cut short"},
		{"03 web page", []byte("\n<!DOCTYPE html><html>Sign in</html>"), "", "web page"},
		{"04 git-LFS", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "", "git lfs pull"},
		{"05 gzip", []byte("\x1f\x8b\x08\x00rest"), "", "gzip"},
		{"05 7z", []byte("7z\xbc\xaf\x27\x1c rest"), "", "7z"},
		{"05 tar", []byte(strings.Repeat("a", 257) + "ustar\x00rest"), "", "tar archive"},
		{"07 last byte missing", good().data[:size-1], "zip", "cut short"},
		{"08 bytes in front", append([]byte("sixteen bytes..."), good().data...), "", "bytes before the zip"},
		{"08 bytes behind", append(good().data, 0, 0), "zip", "bytes follow the end record"},
		{"09 count larger", good().set16(g.end+8, 4).set16(g.end+10, 4).data, "zip", "claims 4 records in a directory of"},
		{"09 entry damaged", good().set32(g.central[2], 7).data, "zip", "fewer entries than it claims"},
		{"09 count smaller", good().set16(g.end+8, 2).set16(g.end+10, 2).data, "zip", "more than its 2 records need"},
		{"09 two counts", good().set16(g.end+8, 2).data, "zip", "two different counts"},
		{"10 directory offset", good().set32(g.end+16, 1<<30).data, "zip", "reaches past its end"},
		{"10 directory size", good().set32(g.end+12, 1<<30).data, "zip", "reaches past its end"},
		{"10 directory elsewhere", good().set32(g.end+16, uint32(g.dir)-1).data, "zip", "but the end record starts at"},
		{"11 locator outside", wide().set64(locator+8, 1<<40).data, "zip", "locator points to 1099511627776"},
		{"11 locator at itself", wide().set64(locator+8, uint64(locator)).data, "zip", "where no zip64 end record lies"},
		{"11 zip64 disagrees", wide().set16(wide().end+8, 2).set16(wide().end+10, 2).data, "zip", "disagree"},
		{"12 header past the end", good().set32(g.central[1]+42, 1<<30).data, "a/data/0", "not in front of the directory"},
		{"13 same place twice", good().set32(g.central[1]+42, 0).data, "a/data.pkl", "no whole record header"},
		{"13 overlap", good().set32(g.local[0]+18, 500).set32(g.local[0]+22, 500).set32(g.central[0]+20, 500).set32(g.central[0]+24, 500).data,
			"a/data.pkl", "its 500 bytes overlap a/data/0"},
		{"13 gap", good().set32(g.local[1]+18, 8).set32(g.local[1]+22, 8).set32(g.central[1]+20, 8).set32(g.central[1]+24, 8).data,
			"a/data/0", "8 bytes between it and a/version belong to no record"},
		{"14 into the directory", good().set32(g.local[2]+18, 50).set32(g.local[2]+22, 50).set32(g.central[2]+20, 50).set32(g.central[2]+24, 50).data,
			"a/version", "overlap the directory"},
		{"15 data.pkl twice", with(base[0]), "a/data.pkl", "twice"},
		{"16 storage twice", with(base[1]), "a/data/0", "twice"},
		{"17 names that differ in case", with(part{name: "a/DATA.pkl"}), "a/DATA.pkl", "twice"},
		{"18 two names", replace(good(), g.local[1]+localSize, "a/data/1"), "a/data/0", `called "a/data/1" in its own header`},
		{"19 two sizes", good().set32(g.local[1]+22, 15).data, "a/data/0", "another size"},
		{"19 two methods", good().set16(g.local[1]+8, 8).data, "a/data/0", "another method"},
		{"19 two CRCs", good().set32(g.local[1]+14, 7).data, "a/data/0", "another CRC"},
		{"19 descriptor missing", good().set16(g.local[1]+6, 8).set16(g.central[1]+8, 8).data, "a/data/0", "no descriptor"},
		{"20 parent folder", with(part{name: "a/../b"}), "zip", `"a/../b" is not a plain relative path`},
		{"21 absolute", with(part{name: "/etc/x"}), "zip", "not a plain relative path"},
		{"21 drive", with(part{name: "C:/x"}), "zip", "not a plain relative path"},
		{"21 backslash", with(part{name: `a\x`}), "zip", "not a plain relative path"},
		{"21 NUL", with(part{name: "a/x\x00y"}), "zip", "not a plain relative path"},
		{"21 not UTF-8", with(part{name: "a/\xff"}), "zip", "not a plain relative path"},
		{"21 newline", with(part{name: "a/x\ny"}), "zip", "not a plain relative path"},
		{"21 long", with(part{name: "a/" + strings.Repeat("x", 1023)}), "zip", "not a plain relative path"},
		{"22 symbolic link", good().set32(g.central[1]+38, 0xa1ff0000).data, "a/data/0", "symbolic link"},
		{"23 deflated", with(part{name: "a/data/1", method: 8}), "a/data/1", "is compressed"},
		{"24 unknown method", with(part{name: "a/data/1", method: 12}), "a/data/1", "zip method 12"},
		{"25 encrypted", with(part{name: "a/data/1", flags: 1}), "a/data/1", "encrypted"},
		{"25 masked headers", with(part{name: "a/data/1", flags: 1 << 13}), "a/data/1", "zip flags 0x2000"},
		{"26 CRC of data.pkl", replace(good(), g.payload[0]+2, "~"), "a/data.pkl", "damaged"},
		{"27 CRC of a storage", replace(good(), g.payload[1], "~"), "a/data/0", "damaged"},
		{"27 CRC 0 in one record", good().set32(g.local[1]+14, 0).set32(g.central[1]+16, 0).data, "a/data/0", "the zip says 00000000"},
		{"28 packed is not unpacked", good().set32(g.local[1]+18, 9).set32(g.central[1]+20, 9).data, "a/data/0", "9 bytes packed and 16 unpacked"},
		{"29 size 2^63", hugeRecord(), "a/big", "overlap the directory"},
		{"29 sizes beyond the file", good().set32(g.central[1]+20, 1<<31).set32(g.central[1]+24, 1<<31).data, "a/data/0", "its 2147483648 bytes overlap"},
		{"30 no data.pkl", buildZip(false, base[1:]...).data, "zip", "no data.pkl"},
		{"30 data.pkl too deep", buildZip(false, part{name: "x/y/data.pkl"}).data, "zip", "no data.pkl"},
		{"31 two top folders", with(part{name: "b/data.pkl", data: "."}), "a/data.pkl", `outside the folder "b/"`},
		{"32 no version", buildZip(false, base[:2]...).data, "a/version", "missing"},
		{"32 version abc", buildZip(false, base[0], base[1], part{name: "a/version", data: "abc"}).data, "a/version", `"abc"`},
		{"32 version 0", buildZip(false, base[0], base[1], part{name: "a/version", data: "0\n"}).data, "a/version", "from 1 to 10"},
		{"32 version 99", buildZip(false, base[0], base[1], part{name: "a/version", data: "99"}).data, "a/version", "from 1 to 10"},
		{"33 byteorder pdp", with(part{name: "a/byteorder", data: "pdp"}), "a/byteorder", `"pdp"`},
		{"33 byteorder with newline", with(part{name: "a/byteorder", data: "little\n"}), "a/byteorder", "little or big"},
		{"34 TorchScript constants", with(part{name: "a/constants.pkl"}), "a/constants.pkl", "TorchScript"},
		{"34 TorchScript code", with(part{name: "a/code/__torch__.py"}), "a/code/__torch__.py", "not a state_dict"},
		{"35 too many records", wide().set64(locator-end64Size+24, 1e7).set64(locator-end64Size+32, 1e7).set16(wide().end+8, 0xffff).set16(wide().end+10, 0xffff).data,
			"zip", "claims 10000000 records; at most"},
		{"35 large data.pkl", ptFile(strings.Repeat("N", maxPickle+1)), "a/data.pkl", "at most 67108864 are read"},
	})
}

func replace(b *zipBuild, at int, text string) []byte {
	copy(b.data[at:], text)
	return b.data
}

// hugeRecord has a record whose zip64 field says 2^63 bytes.
func hugeRecord() []byte {
	b := buildZip(false, ptParts(pkl(pNone))...)
	dir := len(b.data)
	field := le.AppendUint64(le.AppendUint64([]byte{1, 0, 16, 0}, 1<<63), 1<<63)
	p := part{name: "a/big"}
	b.data = append(b.data[:b.dir:b.dir], signLocal...)
	b.local = append(b.local, b.dir)
	b.data = append(b.header(p), p.name...)
	old := b.dir
	entries := goodDirectory(old, dir)
	b.dir = len(b.data)
	b.data = append(b.data, entries...)
	at := len(b.data)
	b.data = append(b.data, signCentral+"\x00\x00"...)
	b.data = append(b.header(p), make([]byte, 10)...)
	b.data = le.AppendUint32(b.data, uint32(old))
	b.data = append(append(b.data, p.name...), field...)
	b.set32(at+20, 1<<32-1).set32(at+24, 1<<32-1).set16(at+30, uint16(len(field)))
	b.finish(false, 3)
	return b.data
}

// goodDirectory returns the directory of the file that hugeRecord starts from.
func goodDirectory(from, _ int) []byte {
	b := buildZip(false, ptParts(pkl(pNone))...)
	return b.data[from:b.end]
}
