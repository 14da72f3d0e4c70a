package main

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

const (
	letterSize = 28 // of an image
	letterBox  = 22 // that a letter fills, in one direction or both
)

// notLetters are fonts that have symbols, keys or signs in the places of letters, as their grid showed.
var notLetters = []string{"D050000L", "StandardSymbolsPS", "LinBiolinum_K", "OCRBE", "OCRBX"}

var errNoLetters = errors.New("it has no letters A to Z of its own")

// letters draws A to Z from every font below a folder, a class folder for each letter, white on black.
func letters(fonts, out string) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	drawn, seen := 0, map[string]bool{}
	err := filepath.WalkDir(fonts, func(path string, e fs.DirEntry, err error) error {
		name, ending := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), strings.ToLower(filepath.Ext(path))
		if err != nil || !e.Type().IsRegular() || ending != ".ttf" && ending != ".otf" || slices.Contains(notLetters, name) {
			return err
		}
		alphabet, err := readAlphabet(path)
		key := "" // of a family for many scripts each font may have the same letters
		for _, m := range alphabet {
			key += string(m.Pix)
		}
		if err != nil || seen[key] {
			return nil // a font without letters is left out
		}
		seen[key] = true
		drawn++
		return saveAlphabet(alphabet, out, e.Name())
	})
	if err == nil && drawn == 0 {
		err = fmt.Errorf("no font below %s has the letters A to Z", fonts)
	}
	if err == nil {
		fmt.Printf("%s: A to Z of %d fonts\n", out, drawn)
	}
	return err
}

func saveAlphabet(alphabet []*image.Gray, out, name string) error {
	for i, m := range alphabet {
		class := filepath.Join(out, string(rune('A'+i)))
		if err := savePNG(filepath.Join(class, name+".png"), m); err != nil {
			return err
		}
	}
	return nil
}

func savePNG(path string, m image.Image) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = png.Encode(f, m)
	return errors.Join(err, f.Close())
}

// readAlphabet draws the 26 letters. A font of symbols has none, or has several that look alike.
func readAlphabet(path string) ([]*image.Gray, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := sfnt.Parse(data)
	if err != nil {
		return nil, err
	}
	var alphabet []*image.Gray
	for letter := 'A'; letter <= 'Z'; letter++ {
		m, err := drawLetter(f, letter)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(alphabet, func(other *image.Gray) bool { return slices.Equal(other.Pix, m.Pix) }) {
			return nil, errNoLetters
		}
		alphabet = append(alphabet, m)
	}
	return alphabet, nil
}

// drawLetter fits the outline of a letter into the box in the middle of an image.
func drawLetter(f *sfnt.Font, letter rune) (*image.Gray, error) {
	var buffer sfnt.Buffer
	index, err := f.GlyphIndex(&buffer, letter)
	if err != nil || index == 0 {
		return nil, errNoLetters
	}
	const units = 1024 // of the outline, which is scaled afterwards
	bounds, _, err := f.GlyphBounds(&buffer, index, fixed.I(units), font.HintingNone)
	if err != nil || bounds.Empty() {
		return nil, errNoLetters
	}
	outline, err := f.LoadGlyph(&buffer, index, fixed.I(units), nil)
	if err != nil {
		return nil, err
	}
	width, height := float32(bounds.Max.X-bounds.Min.X), float32(bounds.Max.Y-bounds.Min.Y)
	scale := letterBox / max(width, height)
	at := func(p fixed.Point26_6) (x, y float32) {
		return (float32(p.X-bounds.Min.X)-width/2)*scale + letterSize/2, (float32(p.Y-bounds.Min.Y)-height/2)*scale + letterSize/2
	}
	r := vector.NewRasterizer(letterSize, letterSize)
	for _, s := range outline {
		x, y := at(s.Args[0])
		x1, y1 := at(s.Args[1])
		x2, y2 := at(s.Args[2])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			r.ClosePath()
			r.MoveTo(x, y)
		case sfnt.SegmentOpLineTo:
			r.LineTo(x, y)
		case sfnt.SegmentOpQuadTo:
			r.QuadTo(x, y, x1, y1)
		case sfnt.SegmentOpCubeTo:
			r.CubeTo(x, y, x1, y1, x2, y2)
		}
	}
	r.ClosePath()
	mask := image.NewAlpha(image.Rect(0, 0, letterSize, letterSize))
	r.Draw(mask, mask.Rect, image.Opaque, image.Point{})
	return &image.Gray{Pix: mask.Pix, Stride: mask.Stride, Rect: mask.Rect}, nil
}
