package imageset

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"cgan/models/picture"
)

// folder writes a PNG file for each image.
type folder struct {
	counter
	*stage
	names []string // of the classes' folders
	made  map[string]bool
}

// NewFolder writes into the folder dir, in a folder for each class, as FolderNames calls it, or in one called images where there are no
// classes. Files are called by what they were drawn of, seed-S-row-R.png. Where dir exists the files join those that are there: none is replaced, and
// one that is there already is an *ExistsError.
func NewFolder(dir string, about About) (Writer, error) {
	s, err := newStage(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{counter: counter{About: about}, stage: s, names: FolderNames(about.Classes), made: map[string]bool{}}
	if len(f.names) == 0 {
		f.names = []string{"images"}
	}
	return f, nil
}

// Add writes a file.
func (f *folder) Add(m Image) error {
	if err := f.check(m); err != nil {
		return err
	}
	class := 0
	if len(f.Classes) > 0 {
		class = m.Class
	}
	name := filepath.Join(f.names[class], fmt.Sprintf("seed-%d-row-%d.png", m.Seed, m.Row))
	if err := f.taken(name); err != nil {
		return err
	}
	content, err := f.png(m.Pixels)
	if err != nil {
		return err
	}
	path := filepath.Join(f.dir, name)
	if !f.made[f.names[class]] {
		if err := os.Mkdir(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		f.made[f.names[class]] = true
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if _, err = file.Write(content); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func (f *folder) png(pixels []float32) ([]byte, error) {
	m, err := picture.Render(picture.Grid{Pixels: pixels, Rows: 1, Columns: 1, Channels: f.Channels, Height: f.Height, Width: f.Width})
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	err = picture.Encode(&content, f.scaled(m))
	return content.Bytes(), err
}

// Close gives the files their place.
func (f *folder) Close() error {
	if err := f.whole(); err != nil {
		return err
	}
	return f.publish()
}

// Discard takes away what was written.
func (f *folder) Discard() { f.discard() }
