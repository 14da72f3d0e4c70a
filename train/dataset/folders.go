package dataset

import (
	"archive/zip"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxDepth is how many folders deep a class is read.
const maxDepth = 32

// entry is a file or folder with what a link leads to.
type entry struct {
	name string
	fs.FileInfo
	broken error // of a link
}

func (e entry) Name() string { return e.name }
func (e entry) IsDir() bool  { return e.broken == nil && e.FileInfo.IsDir() }

// list reads a folder in order, without what is hidden and what systems leave beside files.
func (p *place) list(ctx context.Context, folder string) ([]entry, error) {
	entries, err := fs.ReadDir(p.FS, folder)
	if err != nil {
		advice := "name a folder that can"
		if p.zip != nil && slices.ContainsFunc(p.zip.File, func(f *zip.File) bool { return !utf8.ValidString(f.Name) }) {
			advice = "make the archive with names in UTF-8"
		}
		return nil, p.fail(folder, err, "cannot be read ("+cause(err)+"): "+advice)
	}
	var all []entry
	for _, e := range entries {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		name := e.Name()
		if name[0] == '.' || name == "__MACOSX" || strings.EqualFold(name, "Thumbs.db") || strings.EqualFold(name, "desktop.ini") {
			continue
		}
		info, err := fs.Stat(p.FS, path.Join(folder, name))
		all = append(all, entry{name, info, err})
	}
	return all, nil
}

func hasFolder(entries []entry) bool { return slices.ContainsFunc(entries, entry.IsDir) }

// openFolders reads a place where each folder is a class; folders within it belong to it.
func (p *place) openFolders(ctx context.Context, o Options, report func(string)) (*Set, error) {
	entries, err := p.list(ctx, ".")
	if err != nil {
		return nil, err
	}
	l := &listing{place: p}
	for _, e := range entries {
		switch name := e.Name(); {
		case e.IsDir() && !utf8.ValidString(name):
			return nil, p.fail("", nil, fmt.Sprintf("the name %.200q of a class is not UTF-8: rename the folder", name))
		case e.IsDir():
			l.classes = append(l.classes, name)
		case e.broken != nil:
			l.problem(name, "cannot be read ("+cause(e.broken)+")")
		case isImageName(name):
			l.problem(name, "lies in no class folder")
		}
	}
	slices.SortFunc(l.classes, natural)
	for class, name := range l.classes {
		before := len(l.files) + len(l.problems)
		w := walk{l, int32(class), folders{}}
		if err := w.folder(ctx, name, nil); err != nil {
			return nil, err
		}
		if len(l.files)+len(l.problems) == before {
			return nil, p.fail(name, nil, "the class has no image: put some into its folder, or remove it")
		}
	}
	return l.open(ctx, o, report)
}

// isImageName says that a name ends as those of images do; in class folders the content decides.
func isImageName(name string) bool {
	ends := []string{".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"}
	return slices.Contains(ends, strings.ToLower(path.Ext(name)))
}

// walk lists the files of a class.
type walk struct {
	*listing
	class int32
	seen  folders
}

// folders are those that were read, by the time that they were changed, which a folder has by any name.
type folders map[int64][]fs.FileInfo

// add notes a folder, and says whether it is new.
func (f folders) add(info fs.FileInfo) bool {
	key := info.ModTime().UnixNano()
	if slices.ContainsFunc(f[key], func(other fs.FileInfo) bool { return os.SameFile(other, info) }) {
		return false
	}
	f[key] = append(f[key], info)
	return true
}

// folder lists the files of a folder that links have not led to before. above are the folders that it came through, which a
// link may lead back to. The error is that of the context, or of too many files.
func (w *walk) folder(ctx context.Context, folder string, above []fs.FileInfo) error {
	info, err := fs.Stat(w.place.FS, folder)
	if err != nil {
		w.problem(folder, "cannot be read ("+cause(err)+")")
		return w.full()
	}
	if len(above) == maxDepth || slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
		w.problem(folder, "leads back to a folder above it, or lies too deep")
		return w.full()
	}
	if !w.seen.add(info) {
		return nil
	}
	entries, err := w.place.list(ctx, folder)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		w.problem(folder, "cannot be read ("+cause(err)+")")
	}
	for _, e := range entries {
		name := path.Join(folder, e.name)
		if e.IsDir() {
			err = w.folder(ctx, name, append(slices.Clip(above), info))
		} else {
			w.add(name, w.class, e)
			err = w.full()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sortClasses puts the classes in natural order.
func (l *listing) sortClasses() {
	sorted := slices.Clone(l.classes)
	slices.SortFunc(sorted, natural)
	index := map[string]int32{}
	for i, name := range sorted {
		index[name] = int32(i)
	}
	for i, f := range l.files {
		l.files[i].class = index[l.classes[f.class]]
	}
	l.classes = sorted
}

// natural compares names so that 2 stands before 10.
func natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		m, n := digits(x), digits(y)
		if m == 0 || n == 0 {
			if c := cmp.Compare(x[0], y[0]); c != 0 {
				return c
			}
			x, y = x[1:], y[1:]
			continue
		}
		v, w := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
		if c := cmp.Or(cmp.Compare(len(v), len(w)), strings.Compare(v, w)); c != 0 {
			return c
		}
		x, y = x[m:], y[n:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

// digits is how many digits the text begins with.
func digits(text string) int { return len(text) - len(strings.TrimLeft(text, "0123456789")) }

// maxProblems is how many files may be none of a class. Tests lower it.
var maxProblems = 1_000_000

// full is an error where there is more than is listed.
func (l *listing) full() error {
	switch {
	case len(l.files) > maxImages:
		return l.place.fail("", nil, fmt.Sprintf("there are more than the %d images that are read", maxImages))
	case len(l.problems) > maxProblems:
		return l.place.fail("", nil, fmt.Sprintf("more than %d files cannot be taken, the last one is %.200q: it %.200s",
			maxProblems, l.problems[maxProblems].Name, l.problems[maxProblems].Reason))
	}
	return nil
}

// problem notes what cannot be an image of a class.
func (l *listing) problem(name, reason string) {
	l.problems = append(l.problems, Problem{name, reason})
}

// add notes a file of a class.
func (l *listing) add(name string, class int32, e entry) {
	switch {
	case e.broken != nil:
		l.problem(name, "cannot be read ("+cause(e.broken)+")")
	case !e.Mode().IsRegular():
		l.problem(name, fmt.Sprintf("is not a file (%s)", e.Mode().Type()))
	default:
		l.files = append(l.files, newFile(name, class, e.FileInfo))
	}
}
