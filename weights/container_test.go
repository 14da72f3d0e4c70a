package weights

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestRefuseEveryPrefix(t *testing.T) { // 06
	files := map[string][]byte{"built": goodFile(true).data}
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
	for i := range noCRC.local {
		noCRC.set32(noCRC.local[i]+14, 0).set32(noCRC.central[i]+16, 0)
	}
	for name, c := range map[string]struct {
		file   []byte
		notice string
	}{
		"27 CRC 0 everywhere": {noCRC.data, "no checksums"},
		"33 big-endian":       {buildZip(false, base[0], part{name: "a/data/0", data: big}, base[2], part{name: "a/byteorder", data: "big"}).data, "big-endian"},
		"folder entry":        {buildZip(false, append([]part{{name: "a/"}}, base...)...).data, ""},
	} {
		v, notices, err := readBytes(c.file)
		if err != nil || !strings.Contains(fmt.Sprint(notices), c.notice) {
			t.Errorf("%s: %v, notices %q", name, err, notices)
			continue
		}
		w, _ := v.(*Dict).Get("w")
		if got := string(w.(*Tensor).Data); got != fourFloats {
			t.Errorf("%s: read % x", name, got)
		}
	}
}
