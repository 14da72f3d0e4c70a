package judge

import (
	"embed"
	"path"

	"cgan/weights/formats"
)

// box has the judges that ship with the product. README.md there says how each was trained.
//
//go:embed box/*.pt
var box embed.FS

// InBox is the judge of the box that was trained on a data set, by the set's fingerprint, and whether there is one. Free it.
func InBox(data string) (j *Judge, about About, ok bool, err error) {
	entries, err := box.ReadDir("box")
	if err != nil {
		return nil, about, false, err
	}
	for _, entry := range entries {
		name := path.Join("box", entry.Name())
		content, err := box.ReadFile(name)
		if err != nil {
			return nil, about, false, err
		}
		file, err := formats.Parse(name, content)
		if err != nil {
			return nil, about, false, err
		}
		if about, err = aboutOf(file); err != nil {
			return nil, about, false, err
		}
		if about.Data == data {
			j, about, err = Of(file)
			return j, about, err == nil, err
		}
	}
	return nil, about, false, nil
}
