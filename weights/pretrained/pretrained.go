// Package pretrained has generators that are trained already: weights alone, embedded in the program. The file NAME.md beside each
// is its model card, with the command that makes it.
package pretrained

import (
	"embed"
	"io/fs"
	"slices"
	"strings"

	"cgan/weights/formats"
)

//go:embed *.pt
var files embed.FS

const ending = ".pt"

// Names are the generators that there are, by the data that each was trained on.
func Names() (names []string) {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // it is embedded
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ending))
	}
	return names
}

// Has reports whether there is a generator of that name.
func Has(name string) bool { return slices.Contains(Names(), name) }

// Reader reads the file of one by its name.
func Reader(name string) (fs.File, error) { return files.Open(name + ending) }

// Open reads one by its name. Its Path is the name.
func Open(name string) (*formats.File, error) {
	data, err := files.ReadFile(name + ending)
	if err != nil {
		return nil, err
	}
	return formats.Parse(name, data)
}
