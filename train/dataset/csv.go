package dataset

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// The names of columns that a table's first line may have.
var (
	fileColumns  = []string{"file", "filename", "file_name", "path", "filepath", "file_path", "image", "image_path", "img"}
	labelColumns = []string{"label", "labels", "class", "class_name", "category", "target"}
)

// openTables reads the table of a folder: the only one, or that of the split.
func (p *place) openTables(ctx context.Context, tables []string, o Options, report func(string)) (*Set, error) {
	for _, name := range tables {
		if strings.EqualFold(name, o.Split+".csv") {
			return p.openCSV(ctx, name, o, report)
		}
	}
	if len(tables) > 1 {
		return nil, p.fail("", nil, fmt.Sprintf("there are several tables: name one of them, such as %s", p.full(tables[0])))
	}
	return p.openCSV(ctx, tables[0], o, report)
}

// openCSV reads a table with a line for each image, its file and its class, and a first line with the names of the
// columns or not. Files are named from the table's folder on; in an archive none may lie outside of it.
func (p *place) openCSV(ctx context.Context, name string, o Options, report func(string)) (*Set, error) {
	name, err := p.tableOf(name, o.Split)
	if err != nil {
		return nil, err
	}
	l, err := p.readTable(ctx, name)
	if err != nil {
		return nil, err
	}
	return l.open(ctx, o, report)
}

func (p *place) readTable(ctx context.Context, name string) (*listing, error) {
	f, info, err := p.openRegular(name)
	if err != nil {
		return nil, p.fail(name, err, "cannot be read ("+cause(err)+")")
	}
	defer f.Close()
	if info.Size() > maxTable {
		return nil, p.fail(name, nil, fmt.Sprintf("has %d bytes: of a table at most %d are read", info.Size(), maxTable))
	}
	bounded := &lines{from: f, until: maxLine}
	text := bufio.NewReader(bounded)
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" { // as spreadsheets write it
		_, _ = text.Discard(len(mark))
	}
	t := &table{place: p, name: name, lines: bounded, rows: csv.NewReader(text)}
	return t.read(ctx)
}

const (
	maxTable = 1 << 30 // bytes
	maxLine  = 1 << 20 // likewise
)

// lines reads a table, but not a line that never ends.
type lines struct {
	from        io.Reader
	read, until int64
}

var errLongLine = fmt.Errorf("it is longer than %d bytes", maxLine)

// Read gives errLongLine where a line has not ended in time.
func (l *lines) Read(p []byte) (int, error) {
	if l.read >= l.until {
		return 0, errLongLine
	}
	n, err := l.from.Read(p[:min(int64(len(p)), l.until-l.read)])
	l.read += int64(n)
	return n, err
}

// next is called where a line has ended.
func (l *lines) next() { l.until = l.read + maxLine }

// tableOf is the table itself, or for test images the one beside it that is named as its test table.
func (p *place) tableOf(name, split string) (string, error) {
	at := strings.LastIndex(name, "train")
	if split == "train" || at < 0 && strings.Contains(name, "test") {
		return name, nil
	}
	if at >= 0 {
		test := name[:at] + "test" + name[at+len("train"):]
		if _, err := fs.Stat(p.FS, test); err == nil {
			return test, nil
		}
	}
	return "", p.fail(name, fs.ErrNotExist, "there are no test images: they are in a table test.csv beside a train.csv")
}

// table is a CSV that is being read.
type table struct {
	place       *place
	name        string
	lines       *lines
	rows        *csv.Reader
	line        int // of the row at hand
	file, label int // columns
	width       int // of the first row
}

// read lists the files that the table names. Classes are in natural order.
func (t *table) read(ctx context.Context) (*listing, error) {
	t.rows.ReuseRecord, t.rows.FieldsPerRecord, t.rows.TrimLeadingSpace = true, -1, true
	l := &listing{place: t.place}
	classes := map[string]int32{}
	for rows := 0; ; {
		record, err := t.rows.Read()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, t.failed(err)
		}
		t.lines.next()
		t.line, _ = t.rows.FieldPos(0)
		if t.width == 0 {
			header, err := t.columns(record)
			if err != nil {
				return nil, err
			}
			if header {
				continue
			}
		}
		if rows++; t.place.zip != nil && rows > len(t.place.zip.File) {
			return nil, t.fail("more lines than the archive has files, %d", len(t.place.zip.File))
		}
		if err := t.add(l, classes, record); err != nil {
			return nil, err
		}
	}
	l.sortClasses()
	return l, nil
}

func (t *table) fail(format string, args ...any) error {
	return t.place.fail(t.name, nil, fmt.Sprintf("line %d: ", t.line)+fmt.Sprintf(format, args...))
}

// failed is an error of the reader, which names the line itself.
func (t *table) failed(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		t.line = parse.Line
		return t.fail("%v: the table must have a line for each image, file,label, with quotes as in RFC 4180", parse.Err)
	}
	if errors.Is(err, errLongLine) {
		t.line++
		return t.fail("%v: a table has a line for each image, file,label", err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return t.place.fail(t.name, err, "cannot be read ("+cause(err)+")")
}

// columns finds the columns of file and label in the first row, which may be one of names.
func (t *table) columns(first []string) (header bool, err error) {
	find := func(names []string) int {
		return slices.IndexFunc(first, func(s string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(s))) })
	}
	t.width, t.file, t.label = len(first), find(fileColumns), find(labelColumns)
	if t.file >= 0 && t.label >= 0 {
		return true, nil
	}
	if t.width != 2 {
		return false, t.fail("%d columns, and no names such as file and label for two of them: a table has the columns file,label, or a first line with names",
			t.width)
	}
	t.file, t.label = 0, 1
	return false, nil
}

// add lists the file of a row.
func (t *table) add(l *listing, classes map[string]int32, record []string) error {
	if len(record) != t.width {
		return t.fail("%d columns where the first line has %d", len(record), t.width)
	}
	name, label := strings.TrimSpace(record[t.file]), strings.TrimSpace(record[t.label])
	switch {
	case name == "" || label == "":
		return t.fail("the file or the label is empty")
	case !utf8.ValidString(label):
		return t.fail("the label %.200q is not UTF-8: save the table as UTF-8", label)
	case t.place.zip != nil && !fs.ValidPath(path.Clean(name)):
		return t.fail("%.200q leads out of the archive's folder: name files in the table's own", name)
	case t.place.zip != nil:
		name = path.Clean(name)
	}
	class, known := classes[label]
	if !known {
		class, label = int32(len(l.classes)), strings.Clone(label)
		classes[label] = class
		l.classes = append(l.classes, label)
	}
	name = strings.Clone(name)
	info, err := fs.Stat(t.place.FS, name)
	l.add(name, class, entry{name, info, err})
	return l.full()
}
