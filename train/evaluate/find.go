package evaluate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"cgan/models"
	"cgan/models/judge"
	"cgan/train/dataset"
	"cgan/weights"
	"cgan/weights/atomicfile"
)

// JudgeOf is the judge of a data set: that of the box, or that of the user's cache, or else one that is trained now, which takes many
// minutes, and kept there under the set's fingerprint. test may be nil. say is told of that, and said called after each step of it.
// Free the judge.
func JudgeOf(ctx context.Context, set, test *dataset.Set, say func(string), said func(Fitting)) (*judge.Judge, judge.About, error) {
	hash := set.Hash()
	if j, about, ok, err := judge.InBox(hash); ok || err != nil {
		return j, about, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, judge.About{}, err
	}
	path := filepath.Join(cache, "cgan", "judges", hash+".pt")
	if j, about, err := judge.Open(path); !errors.Is(err, fs.ErrNotExist) {
		return j, about, err
	}
	o := DefaultFit()
	say(fmt.Sprintf("there is no judge of this data yet: one is trained now, %d epochs of %d images, which takes many minutes and is kept in %s", o.Epochs, set.Images.N, path))
	j, about, err := TrainJudge(ctx, set, test, o, said)
	if err != nil {
		return nil, about, err
	}
	if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
		err = atomicfile.Write(path, true, func(w io.Writer) error { return j.Write(w, about) })
	}
	if err != nil { // it is good for this time
		say(fmt.Sprintf("notice: the judge can't be kept: %v; cgan judge train makes one in another place", err))
	}
	return j, about, nil
}

// OpenTest opens the test images of the data that set has the training images of; nil where there are none.
func OpenTest(ctx context.Context, data string, o dataset.Options, set *dataset.Set, say func(string)) (*dataset.Set, error) {
	o.Split, o.Channels = "test", set.Images.Channels
	test, err := dataset.Open(ctx, data, o, say)
	if problem := (*dataset.DataError)(nil); errors.As(err, &problem) && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := numberAs(test, set.Classes); err != nil {
		test.Close()
		return nil, err
	}
	return test, nil
}

// numberAs gives a test set's images the classes' numbers of the training set, by their names: it may lack some.
func numberAs(test *dataset.Set, classes []string) error {
	place := make([]int32, len(test.Classes))
	for i, name := range test.Classes {
		at := slices.Index(classes, name)
		if at < 0 {
			return &models.FieldError{Field: "data", Problem: fmt.Sprintf("has test images of class %s and no training images of it: its classes are %s", weights.Show(name), models.Classes(classes))}
		}
		place[i] = int32(at)
	}
	for i, class := range test.Labels {
		test.Labels[i] = place[class]
	}
	test.Classes = classes
	return nil
}
