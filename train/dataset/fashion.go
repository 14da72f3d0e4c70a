package dataset

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// fashionClasses are the names that the authors of Fashion-MNIST give the labels 0 to 9, in small letters.
var fashionClasses = []string{"t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}

// fashionLabels are the sha256 of the set's labels, of training and of test, by which it is known under any name.
var fashionLabels = [2]string{
	"3d0e6c6ea990b53b6f8f500a41cac93881d981b315f84578b7d915342ade01e9",
	"657fbd221bfc9f4198cc14b5619cc33ec57c58dd0e47af4d99d6650759e869a7",
}

var fashionFiles = []mnistFile{
	{"train-images-idx3-ubyte.gz", 26421856, "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"},
	{"train-labels-idx1-ubyte.gz", 29491, "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"},
	{"t10k-images-idx3-ubyte.gz", 4422079, "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"},
	{"t10k-labels-idx1-ubyte.gz", 5125, "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"},
}

// debianSets is where packages of Debian put data sets.
const debianSets = "/usr/share/datasets"

// fashionMNIST is the folder that holds the four files of Fashion-MNIST, whole: the user's cache, or where Debian's package puts them.
func fashionMNIST() (string, error) {
	folders := []string{filepath.Join(debianSets, "fashion-mnist")}
	if base, err := os.UserCacheDir(); err == nil {
		folders = append([]string{filepath.Join(base, "cgan", "fashion-mnist")}, folders...)
	}
	why := "it is neither in " + folders[0] + " nor installed"
	for _, folder := range folders {
		err := checkFiles(folder, fashionFiles)
		if err == nil {
			return folder, nil
		}
		if _, there := os.Stat(folder); there == nil {
			why = err.Error()
		}
	}
	return "", fileError("fashion-mnist", fs.ErrNotExist, why+": make sets fetches it, or install Debian's package dataset-fashion-mnist")
}

// checkFiles sees that a folder has the files, each with its bytes.
func checkFiles(folder string, files []mnistFile) error {
	for _, f := range files {
		path := filepath.Join(folder, f.name)
		if err := f.check(path); err != nil {
			return fmt.Errorf("%s is not the set's file (%s)", path, cause(err))
		}
	}
	return nil
}
