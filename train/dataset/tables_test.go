package dataset

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCSV(t *testing.T) {
	ownCache(t)
	images := map[string][]byte{"1.png": grey(t, 1, 1), "two, 2.png": grey(t, 1, 2), "sub/ß.png": grey(t, 1, 3)}
	for name, table := range map[string]string{
		"plain":       "1.png,dog\n\"two, 2.png\",cat\nsub/ß.png,dog\n",
		"header":      "file,label\n1.png,dog\n\"two, 2.png\",cat\nsub/ß.png,dog\n",
		"columns":     "id,Class,Filename\n7,dog,1.png\n8,cat,\"two, 2.png\"\n9,dog,sub/ß.png\n",
		"CRLF, mark":  "\ufefffile,label\r\n1.png,dog\r\n\"two, 2.png\",cat\r\nsub/ß.png,dog\r\n",
		"spaces":      "file , label\n1.png , dog \n\"two, 2.png\",cat\t\nsub/ß.png,\" dog\"\n",
		"no last end": "1.png,dog\n\n\"two, 2.png\",cat\n./sub/../sub/ß.png,dog",
	} {
		dir := folderOf(t, images)
		put(t, dir, "set.csv", []byte(table))
		for _, path := range []string{dir, filepath.Join(dir, "set.csv")} {
			if name == "plain" || path != dir { // a folder beside the table is found by its name alone
				set, err := Open(t.Context(), path, Options{}, nil)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if !slices.Equal(set.Classes, []string{"cat", "dog"}) || !slices.Equal(set.Labels, []int32{1, 0, 1}) || !bytes.Equal(set.Images.Pixels, []byte{1, 2, 3}) {
					t.Errorf("%s: %+v", name, set)
				}
			}
		}
	}
}

func TestCSVRefuses(t *testing.T) {
	ownCache(t)
	for table, want := range map[string]string{
		"":                               "there is no image",
		"file,label\n":                   "there is no image",
		"x;dog\ny;cat\n":                 "line 1: 1 columns",
		"a,b,c\n":                        "line 1: 3 columns",
		"x.png,dog\ny.png\n":             "line 2: 1 columns where the first line has 2",
		"x.png,dog\n,cat\n":              "line 2: the file or the label is empty",
		"x.png,dog\nx.png,\n":            "line 2: the file or the label is empty",
		"x.png,dog\n\"x.png,cat\n":       "quote",
		"x.png,dog\nx.png,dog\n":         "of one class",
		"x.png,dog\nnone.png,cat\n":      `the first is "none.png": it cannot be read (no such file`,
		"x.png,dog\n../../../none,cat\n": `the first is "../../../none": it cannot be read`,
		"x.png,dog\nsub,cat\n":           `the first is "sub": it is not a file`,
	} {
		dir := folderOf(t, map[string][]byte{"x.png": grey(t, 1, 1), "set.csv": []byte(table), "sub/x": nil})
		if _, err := Open(t.Context(), filepath.Join(dir, "set.csv"), Options{}, nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", table, err)
		}
	}
}

func TestCSVSplits(t *testing.T) {
	ownCache(t)
	dir := folderOf(t, map[string][]byte{
		"1": grey(t, 1, 1), "2": grey(t, 1, 2), "train.csv": []byte("1,a\n2,b\n"), "test.csv": []byte("1,b\n2,a\n"),
		"my-train.csv": []byte("1,a\n2,b\n"), "my-test.csv": []byte("2,a\n1,b\n"), "other.csv": []byte("1,a\n2,b\n"),
	})
	for path, want := range map[string][]byte{"": {1, 2}, "train.csv": {1, 2}, "test.csv": {1, 2}, "my-train.csv": {2, 1}} {
		set := open(t, filepath.Join(dir, path), Options{Split: "test"})
		if !bytes.Equal(set.Images.Pixels, want) {
			t.Errorf("%s: %+v", path, set)
		}
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "other.csv"), Options{Split: "test"}, nil); err == nil || !strings.Contains(err.Error(), "no test images") {
		t.Error(err)
	}
}

// FuzzCSV feeds any table: no crash, and only files that it names.
func FuzzCSV(f *testing.F) {
	f.Add("x.png,dog\ny.png,cat\n")
	f.Add("label,file\n\"a\"\"b\",../x\n")
	f.Add("\ufefffile,label\r\n,\r\n")
	f.Add("a,b\n\"")
	f.Fuzz(func(t *testing.T, text string) {
		p := &place{FS: fstest.MapFS{"set.csv": {Data: []byte(text)}}, path: "set"}
		l, err := p.readTable(t.Context(), "set.csv")
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q", err)
			}
			return
		}
		for _, f := range l.files {
			if f.name != "set.csv" {
				t.Errorf("found %q", f.name)
			}
		}
		if len(l.files)+len(l.problems) > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
			t.Errorf("%d files of %q", len(l.files), text)
		}
	})
}
