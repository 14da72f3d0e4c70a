package pt

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"cgan/weights"
	"cgan/weights/internal/strictzip/ziptest"
	"cgan/weights/internal/weightstest"
)

func TestRefuseEveryPrefix(t *testing.T) { // 06
	files := map[string][]byte{"built": goodFile(true).Data}
	for _, path := range []string{"testdata/nan.v215.pt", "testdata/legacyviews.v21.pt"} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = data
	}
	for name, data := range files {
		for n := range data {
			if err := readPT(data[:n]); err == nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%s cut to %d bytes: %v", name, n, err)
			}
		}
	}
}

func TestAcceptContainer(t *testing.T) {
	base := ptParts(pkl(pDict(pString("w"), tensorOps{}.String())), fourFloats)
	big := strings.Repeat("\x3f\x80\x00\x00", 4)
	noCRC := goodFile(false)
	for i := range noCRC.Local {
		noCRC.Set32(noCRC.Local[i]+14, 0).Set32(noCRC.Central[i]+16, 0)
	}
	for name, c := range map[string]struct {
		file   []byte
		notice string
	}{
		"27 CRC 0 everywhere": {noCRC.Data, "no checksums"},
		"33 big-endian":       {ziptest.Build(false, base[0], ziptest.Part{Name: "a/data/0", Data: big}, base[2], ziptest.Part{Name: "a/byteorder", Data: "big"}).Data, "big-endian"},
		"folder entry":        {ziptest.Build(false, append([]ziptest.Part{{Name: "a/"}}, base...)...).Data, ""},
	} {
		v, notices, err := Read(c.file)
		if err != nil || !strings.Contains(fmt.Sprint(notices), c.notice) {
			t.Errorf("%s: %v, notices %q", name, err, notices)
			continue
		}
		w, _ := v.(*weights.Dict).Get("w")
		if got := string(w.(*weights.Tensor).Data); got != fourFloats {
			t.Errorf("%s: read % x", name, got)
		}
	}
}

func TestRefuseArchive(t *testing.T) {
	good := func() *ziptest.File { return goodFile(false) }
	base := ptParts(pkl(pDict(pString("w"), tensorOps{}.String())), fourFloats)
	with := func(p ...ziptest.Part) []byte {
		return ziptest.Build(false, append(append([]ziptest.Part{}, base...), p...)...).Data
	}
	g := good()
	weightstest.CheckRefusals(t, readPT, []weightstest.Refusal{
		{"01 empty", nil, "", "is neither form of torch.save's files"},
		{"another format", []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"), "", "is neither form of torch.save's files"},
		{"26 CRC of data.pkl", replace(good(), g.Payload[0]+2, "~"), "a/data.pkl", "damaged"},
		{"27 CRC of a storage", replace(good(), g.Payload[1], "~"), "a/data/0", "damaged"},
		{"27 CRC 0 in one record", good().Set32(g.Local[1]+14, 0).Set32(g.Central[1]+16, 0).Data, "a/data/0", "the zip says 00000000"},
		{"30 no data.pkl", ziptest.Build(false, base[1:]...).Data, "zip", "no data.pkl"},
		{"30 data.pkl too deep", ziptest.Build(false, ziptest.Part{Name: "x/y/data.pkl"}).Data, "zip", "no data.pkl"},
		{"31 two top folders", with(ziptest.Part{Name: "b/data.pkl", Data: "."}), "a/data.pkl", `outside the folder "b/"`},
		{"32 no version", ziptest.Build(false, base[:2]...).Data, "a/version", "missing"},
		{"32 version abc", ziptest.Build(false, base[0], base[1], ziptest.Part{Name: "a/version", Data: "abc"}).Data, "a/version", `"abc"`},
		{"32 version 0", ziptest.Build(false, base[0], base[1], ziptest.Part{Name: "a/version", Data: "0\n"}).Data, "a/version", "from 1 to 10"},
		{"32 version 99", ziptest.Build(false, base[0], base[1], ziptest.Part{Name: "a/version", Data: "99"}).Data, "a/version", "from 1 to 10"},
		{"33 byteorder pdp", with(ziptest.Part{Name: "a/byteorder", Data: "pdp"}), "a/byteorder", `"pdp"`},
		{"33 byteorder with newline", with(ziptest.Part{Name: "a/byteorder", Data: "little\n"}), "a/byteorder", "little or big"},
		{"33 alignment is no number", with(ziptest.Part{Name: "a/.storage_alignment", Data: "many"}), "a/.storage_alignment", `"many"`},
		{"33 alignment 0", with(ziptest.Part{Name: "a/.storage_alignment", Data: "0"}), "a/.storage_alignment", "a number from 1"},
		{"34 TorchScript constants", with(ziptest.Part{Name: "a/constants.pkl"}), "a/constants.pkl", "TorchScript"},
		{"34 TorchScript code", with(ziptest.Part{Name: "a/code/__torch__.py"}), "a/code/__torch__.py", "not a state_dict"},
		{"35 large data.pkl", ptFile(strings.Repeat("N", maxPickle+1)), "a/data.pkl", "at most 67108864 are read"},
	})
}

func replace(b *ziptest.File, at int, text string) []byte {
	copy(b.Data[at:], text)
	return b.Data
}
