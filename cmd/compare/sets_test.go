package main

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

func writeAll(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Each font gives one image of each letter, inside of its box; one that repeats another, or has no letters, none.
func TestLetters(t *testing.T) {
	fonts, out := t.TempDir(), filepath.Join(t.TempDir(), "letters")
	writeAll(t, fonts, map[string][]byte{
		"a/Go.ttf": goregular.TTF, "b/Same.ttf": goregular.TTF, "b/Bold.TTF": gobold.TTF, "none.ttf": []byte("no font"), "D050000L.ttf": gobold.TTF, "x.txt": nil,
	})
	if err := letters(fonts, out); err != nil {
		t.Fatal(err)
	}
	for letter := 'A'; letter <= 'Z'; letter++ {
		files, err := filepath.Glob(filepath.Join(out, string(letter), "*.png"))
		if err != nil || len(files) != 2 {
			t.Fatalf("%c: %v, %v", letter, files, err)
		}
	}
	f, err := os.Open(filepath.Join(out, "L", "Go.ttf.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	gray, ok := m.(*image.Gray)
	if !ok || gray.Rect != image.Rect(0, 0, 28, 28) {
		t.Fatalf("%T of %v", m, m.Bounds())
	}
	// The L has its stem on the left from top to bottom, nothing above its foot on the right, and a rim of black.
	if gray.GrayAt(9, 4).Y < 200 || gray.GrayAt(9, 23).Y < 200 || gray.GrayAt(18, 23).Y < 200 || gray.GrayAt(18, 10).Y != 0 || gray.GrayAt(9, 2).Y != 0 {
		t.Errorf("the L is %v", gray.Pix)
	}
	if err := letters(t.TempDir(), out); err == nil {
		t.Error("no fonts gave a set")
	}
}

func TestEmoji(t *testing.T) {
	from, out := t.TempDir(), filepath.Join(t.TempDir(), "emoji")
	writeAll(t, from, map[string][]byte{
		"emoji.json": []byte(`[{"image":"1.png","category":"Food & Drink","has_img_twitter":true},{"image":"2.png","category":"Flags","has_img_twitter":false},
			{"image":"3.png","category":"Component","has_img_twitter":true}]`),
		"img/twitter/64/1.png": []byte("picture"),
	})
	if err := emoji(from, out); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(out, "Food & Drink", "1.png")); err != nil || string(data) != "picture" {
		t.Errorf("%q, %v", data, err)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	writeAll(t, from, map[string][]byte{"emoji.json": []byte(`[{"image":"../../1.png","category":"Flags","has_img_twitter":true}]`)})
	if err := emoji(from, out); err == nil {
		t.Error("a file outside was taken")
	}
}
