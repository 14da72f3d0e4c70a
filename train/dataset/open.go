package dataset

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"cgan/weights"
)

// Open reads one split of a set. data is "" or "mnist" for MNIST, which is fetched once for each user, "fashion-mnist" where it
// is installed, or a path: a folder of IDX files such as MNIST's, a folder of class folders with images, or of train
// and test with such folders in them, a .csv table of file,label, or a .zip of any of these. What takes time is told to report, which
// may be nil, and ctx ends it. Images from files are decoded once into the user's cache. The error is a *DataError
// where the data is at fault, and an *OptionError where an option is.
func Open(ctx context.Context, data string, o Options, report func(string)) (*Set, error) {
	if report == nil {
		report = func(string) {}
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o.Fit, o.Split = cmp.Or(o.Fit, Fits[0]), cmp.Or(o.Split, "train")
	var err error
	switch data {
	case "", MNISTName:
		data, err = MNIST(ctx, report)
	case FashionName:
		data, err = fashionMNIST()
	}
	if err != nil {
		return nil, err
	}
	p, err := locate(data)
	if err != nil {
		return nil, err
	}
	defer p.close()
	set, err := p.open(ctx, o, report)
	if err != nil {
		return nil, err
	}
	if err := set.check(); err != nil {
		set.Close()
		return nil, err
	}
	return set, nil
}

// maxImages bounds what the labels of a hostile set may cost.
const maxImages = 50_000_000

// open reads the set that lies in the place, of whatever form, or in the one folder that it has.
func (p *place) open(ctx context.Context, o Options, report func(string)) (*Set, error) {
	if p.csv != "" {
		return p.openCSV(ctx, p.csv, o, report)
	}
	if stems := p.stems(); len(stems) > 0 {
		return p.openIDX(ctx, stems, o, report)
	}
	has, err := p.contents(ctx)
	if err != nil {
		return nil, err
	}
	split, err := p.splitFolder(ctx, has.folders, o.Split)
	if err != nil {
		return nil, err
	}
	if split != nil {
		return split.openFolders(ctx, o, report)
	}
	if splits, others := splitNames(has.folders); len(splits) > 0 {
		if err := p.notClasses(ctx, splits, others, has.tables); err != nil {
			return nil, err
		}
		if len(others) == 0 && len(has.tables) > 0 {
			return p.openTables(ctx, has.tables, o, report)
		}
	}
	switch {
	case len(has.folders) > 1 && o.Split == "test":
		return nil, p.noSplit(o.Split)
	case len(has.folders) > 1:
		return p.openFolders(ctx, o, report)
	case len(has.tables) > 0:
		return p.openTables(ctx, has.tables, o, report)
	case len(has.folders) == 1:
		below, err := p.below(has.folders[0])
		if err != nil {
			return nil, err
		}
		return below.open(ctx, o, report)
	case has.images:
		return nil, p.fail("", nil, "the images are of one class or none: name a folder that has a folder for each class, or a table of file,label")
	}
	return nil, p.fail("", fs.ErrNotExist, "there is no set: "+
		p.nearby("; name a folder with IDX files, or with a folder of images for each class, a .csv or a .zip"))
}

// contents is what a folder has.
type contents struct {
	folders, tables []string
	images          bool // by their names
}

func (p *place) contents(ctx context.Context) (c contents, err error) {
	all, err := p.list(ctx, ".")
	if err != nil {
		return c, err
	}
	for _, e := range all {
		switch {
		case e.IsDir():
			c.folders = append(c.folders, e.Name())
		case strings.EqualFold(path.Ext(e.Name()), ".csv"):
			c.tables = append(c.tables, e.Name())
		default:
			c.images = c.images || isImageName(e.Name())
		}
	}
	return c, nil
}

// noSplit says that the set is not divided.
func (p *place) noSplit(split string) error {
	return p.fail("", fs.ErrNotExist, "there are no "+split+" images: a set that has some has the folders train and test")
}

// splitNames are the folders that are called as the splits of a set, and the others.
func splitNames(folders []string) (splits, others []string) {
	for _, name := range folders {
		if slices.Contains(slices.Concat(trainNames, testNames), strings.ToLower(name)) {
			splits = append(splits, name)
		} else {
			others = append(others, name)
		}
	}
	return splits, others
}

// notClasses refuses folders that look like splits, and would else be taken for classes: only a class may be called train that has
// images and no folders, beside other classes.
func (p *place) notClasses(ctx context.Context, splits, others, tables []string) error {
	if len(others) == 0 && len(tables) > 0 {
		return nil
	}
	for _, name := range splits {
		within, err := p.list(ctx, name)
		if err != nil {
			return err
		}
		if hasFolder(within) && len(others) > 0 {
			return p.fail("", nil, fmt.Sprintf("%s has folders of its own and stands beside %s: name the folder of the class folders, such as %s", weights.Show(name), weights.Show(others[0]), p.full(name)))
		}
	}
	if len(splits) > 1 && len(others) == 0 {
		return p.fail("", nil, fmt.Sprintf("%s are parts of a set, not classes, and their images lie in no class folders: sort them into some, or name a table of file,label", strings.Join(splits, " and ")))
	}
	return nil
}

// Names of the folders that a set is divided into.
var (
	trainNames = []string{"train", "training"}
	testNames  = []string{"test", "testing", "val", "valid", "validation"}
)

// splitFolder is the folder of the split, where the folders are those of splits that have class folders; else nil.
func (p *place) splitFolder(ctx context.Context, folders []string, split string) (*place, error) {
	names := map[string]string{}
	for _, name := range folders {
		names[strings.ToLower(name)] = name
	}
	first := func(of []string) (found string) {
		for _, name := range of {
			found = cmp.Or(found, names[name])
		}
		return found
	}
	train, test := first(trainNames), first(testNames)
	if train == "" || test == "" && len(folders) > 1 {
		return nil, nil
	}
	within, err := p.list(ctx, train)
	if err != nil {
		return nil, err
	}
	if !hasFolder(within) {
		return nil, nil
	}
	if split == "train" {
		return p.below(train)
	}
	if test == "" {
		return nil, p.noSplit(split)
	}
	return p.below(test)
}

// check finds what no network of classes can be trained on.
func (s *Set) check() error {
	fail := func(reason string) error { return fileError(s.Images.File, nil, reason) }
	if len(s.Classes) < 2 {
		return fail("all images are of one class: a conditional network needs two or more, name the folder that holds the class folders")
	}
	return nil
}
