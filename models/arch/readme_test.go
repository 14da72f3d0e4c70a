package arch

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// README.md lists the layers that there are, and its examples are read.
func TestReadme(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, c := range table {
		list = append(list, c.signature())
	}
	if want := "```python\n" + strings.Join(list, "\n") + "\n```\n"; !strings.Contains(string(page), want) {
		t.Errorf("it does not have\n%s", want)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(examples) != 4 {
		t.Errorf("%d examples", len(examples))
	}
	for _, example := range examples {
		f, err := Read(example[1])
		if err != nil {
			t.Errorf("%v\n%s", err, example[1])
		} else if out := f.Generator.Output(); len(out) != 3 || out[1] != 28 || out[2] != 28 {
			t.Errorf("%v come out of\n%s", out, example[1])
		}
	}
}
