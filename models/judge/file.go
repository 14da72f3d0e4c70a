package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"cgan/models"
	"cgan/weights"
	"cgan/weights/formats"
	"cgan/weights/pt"
)

// About is what a judge's file says of it beside its weights.
type About struct {
	Data     string   `json:"data"`     // the fingerprint of the training set, dataset.Set.Hash
	Classes  []string `json:"classes"`  // names, in order
	Accuracy float64  `json:"accuracy"` // of the images that it was tested on, from 0 to 1
	Right    []int    `json:"right"`    // of each class, how many of TestedOf it read right
	TestedOf []int    `json:"tested_of"`
	Tested   int      `json:"tested"`   // how many these were
	HeldOut  bool     `json:"held_out"` // they are a part of the training set that it was not trained on
	Size     int      `json:"size"`     // height and width of the images that it was trained on
	Epochs   int      `json:"epochs"`
	Seed     int64    `json:"seed"`
}

// String says how many images it reads right, of which ones.
func (a About) String() string {
	if a.HeldOut {
		return fmt.Sprintf("%.2f %% of %d images that it had not seen", 100*a.Accuracy, a.Tested)
	}
	return fmt.Sprintf("%.2f %% of %d test images", 100*a.Accuracy, a.Tested)
}

const aboutKey = "judge"

// Write writes the judge as torch.save would, with what is known of it in a record of its own.
func (j *Judge) Write(w io.Writer, about About) error {
	state, err := models.StateDict(j.StateDict())
	if err != nil {
		return err
	}
	text, err := json.Marshal(about)
	if err != nil {
		return err
	}
	return pt.Write(w, "judge.pt", state, map[string]string{aboutKey: string(text)})
}

// Open reads a judge's file. The judge is in evaluation mode; free it.
func Open(path string) (*Judge, About, error) {
	file, err := formats.Open(path)
	if err != nil {
		return nil, About{}, err
	}
	return Of(file)
}

// Of makes the judge of a file's content.
func Of(file *formats.File) (j *Judge, about About, err error) {
	if j, about, err = of(file); err != nil {
		return nil, about, &weights.FormatError{File: file.Path, Reason: err.Error()}
	}
	return j, about, nil
}

func aboutOf(file *formats.File) (about About, err error) {
	text, ok := file.Metadata[aboutKey]
	if !ok {
		return about, errors.New("it is no judge: cgan judge train makes one")
	}
	if err := json.Unmarshal([]byte(text), &about); err != nil {
		return about, fmt.Errorf("its record %q: %w", aboutKey, err)
	}
	return about, nil
}

func of(file *formats.File) (j *Judge, about About, err error) {
	if about, err = aboutOf(file); err != nil {
		return nil, about, err
	}
	state, err := weights.Find(file.Root, "")
	if err != nil {
		return nil, about, err
	}
	first, _ := state.Get("layers.0.weight")
	last, _ := state.Get("classifier.weight")
	if len(first.Shape) != 4 || len(last.Shape) != 2 || int(last.Shape[0]) != len(about.Classes) {
		return nil, about, fmt.Errorf("it is no judge of %s classes", strconv.Itoa(len(about.Classes)))
	}
	j, err = models.LoadNew(func() *Judge { return New(first.Shape[1], last.Shape[0]) }, state)
	if err != nil {
		return nil, about, err
	}
	j.Eval()
	return j, about, nil
}
