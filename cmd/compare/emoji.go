package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// emoji sorts the pictures of the npm package emoji-datasource-twitter into a folder for each category. Tones of the skin have
// no category of their own, and are left out.
func emoji(folder, out string) error {
	text, err := os.ReadFile(filepath.Join(folder, "emoji.json"))
	if err != nil {
		return err
	}
	var all []struct {
		Image, Category string
		There           bool `json:"has_img_twitter"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("read emoji.json: %w", err)
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	count := map[string]int{}
	for _, e := range all {
		if !e.There || e.Category == "Component" {
			continue
		}
		if !filepath.IsLocal(e.Image) || !filepath.IsLocal(e.Category) {
			return fmt.Errorf("emoji.json names the file %q of %q", e.Image, e.Category)
		}
		picture, err := os.ReadFile(filepath.Join(folder, "img", "twitter", "64", e.Image))
		if err != nil {
			return err
		}
		to := filepath.Join(out, e.Category, e.Image)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, picture, 0o644); err != nil {
			return err
		}
		count[e.Category]++
	}
	fmt.Printf("%s: pictures by category: %v\n", out, count)
	return nil
}
