package train

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgan/models"
)

// The config.json of a run from before fast mode says nothing of exact, precision and without. What it says counts.
func TestInitFromARunBeforeFastMode(t *testing.T) {
	c := smallConfig(t)
	c.Steps, c.Seed = 1, 11
	result, _ := mustRun(t, c)
	fields := configOf(t, result.Dir)
	if fields["precision"] != "f32" {
		t.Fatal(fields)
	}
	delete(fields, "exact")
	delete(fields, "precision")
	delete(fields, "without")
	fields["lr"] = 0.001 // only config.json says so
	writeConfig(t, result.Dir, fields)
	next, err := InitConfig(result.Dir, "", nil)
	if err != nil || next.Precision != "f32" || next.Without != nil || next.Exact || next.Validate() != nil {
		t.Fatalf("%v, %+v", err, next)
	}
	if next.Seed != 11 || next.Data != c.Data || next.LR != 0.001 || next.Batch != 16 {
		t.Errorf("config.json is not followed: %+v", next)
	}
	next.Out, next.Device, next.Steps = c.Out, c.Device, 2
	if result, _ := mustRun(t, next); result.Steps != 2 {
		t.Errorf("%+v", result)
	}
}

func configOf(t *testing.T, dir string) (fields map[string]any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err == nil {
		err = json.Unmarshal(text, &fields)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fields
}

func writeConfig(t *testing.T, dir string, fields any) {
	t.Helper()
	text, err := json.Marshal(fields)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config.json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestInitKeepsTheRunsSettings(t *testing.T) {
	c := smallConfig(t)
	c.Steps, c.Seed, c.Beta1, c.Without = 1, 7, 0.4, []models.SpeedUp{models.Adam, models.Norm}
	result, _ := mustRun(t, c)
	next, err := InitConfig(result.Dir, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	d := Default()
	want := c
	want.Init, want.Out, want.Device, want.Epochs, want.Steps = result.Dir, d.Out, d.Device, d.Epochs, d.Steps
	if fmt.Sprint(next) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", next, want)
	}
}

// A run folder without sound settings is refused with the way out, and its checkpoint alone is that way.
func TestInitRefusesARunWithoutItsSettings(t *testing.T) {
	c := smallConfig(t)
	c.Steps = 1
	result, _ := mustRun(t, c)
	with := func(field string, value any) func() {
		fields := configOf(t, result.Dir)
		fields[field] = value
		return func() { writeConfig(t, result.Dir, fields) }
	}
	path := filepath.Join(result.Dir, "config.json")
	for want, damage := range map[string]func(){
		"batch is a string":             with("batch", "many"),
		"lr is 7":                       with("lr", 7),
		"ngf is 5, but 4":               with("ngf", 5),
		"nz with classes is 17, but 16": with("nz", 7),
		`names "turbo"`:                 with("without", []string{"turbo"}),
		"holds a array, not an object":  func() { writeConfig(t, result.Dir, []int{1}) },
		"byte 1: it is not JSON":        func() { os.WriteFile(path, []byte("<html>"), 0o644) },
		"it is not JSON (unexpected":    func() { os.WriteFile(path, []byte(`{"batch": 1`), 0o644) },
		"there is no such file":         func() { os.Remove(path) },
	} {
		damage()
		_, err := InitConfig(result.Dir, "", nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "name a checkpoint-*.pt") {
			t.Errorf("got %v, want %q", err, want)
		}
		if next, err := InitConfig(result.Checkpoint, "", nil); err != nil || next.Batch != 16 {
			t.Errorf("the checkpoint alone: %v", err)
		}
	}
}
