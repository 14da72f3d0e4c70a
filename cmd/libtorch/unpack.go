package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// unpackAll checks the wheels and unpacks what the release takes from them.
func (f fetcher) unpackAll(ctx context.Context, wheels, tree string) (manifest, error) {
	m := manifest{Version: f.rel.version, Libraries: map[string]int64{}}
	bar := f.ui.meter("checking and unpacking", f.rel.download()+f.rel.unpacked)
	var err error
	for _, w := range f.rel.wheels {
		file := filepath.Join(wheels, w.file)
		if err = w.verify(ctx, file, bar); err != nil {
			break
		}
		if err = w.unpack(ctx, file, tree, f.rel.unpacked, &m, bar); err != nil {
			err = fmt.Errorf("unpacking %s: %w", w.file, err)
			break
		}
		m.Wheels = append(m.Wheels, w.sha256+"  "+w.file)
	}
	bar.close(err == nil)
	m.FullVersion = readFullVersion(tree, m.Version)
	return m, err
}

// verify compares size and sum of a downloaded file with the pin.
func (w wheel) verify(ctx context.Context, file string, bar io.Writer) error {
	in, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("pip downloaded no %s: its package index has another build of %s %s; check pip's settings", w.file, w.name, w.version)
	} else if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(sum, bar), contextual(ctx, in))
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); n != w.size || got != w.sha256 {
		return fmt.Errorf("%s is not the pinned file (%d bytes, sha256 %s; pinned %d, %s): run again, and if it stays so check pip's package index",
			w.file, n, got, w.size, w.sha256)
	}
	return nil
}

// target is where a file of the wheel goes, "" for nowhere.
func (w wheel) target(name string) string {
	for _, t := range w.take {
		dir, isDir := strings.CutSuffix(t.from, "/")
		head := name // as many elements of the name as the pattern has
		if part := strings.Split(name, "/"); isDir {
			head = strings.Join(part[:min(len(part), strings.Count(t.from, "/"))], "/")
		}
		ok, _ := path.Match(dir, head)
		switch {
		case !ok || head == name && isDir:
		case t.to == "licenses/": // texts of several wheels have the same name
			return t.to + w.name + "/" + strings.TrimPrefix(name[strings.Index(name, "/")+1:], "licenses/")
		case isDir:
			return t.to + strings.TrimPrefix(name, head+"/")
		default:
			return t.to + path.Base(name)
		}
	}
	return ""
}

// unpack writes the files that are taken into tree. It trusts no name and no
// size in the archive; limit bounds the bytes of the whole tree.
func (w wheel) unpack(ctx context.Context, file, tree string, limit int64, m *manifest, bar io.Writer) error {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer archive.Close()
	for _, entry := range archive.File {
		if strings.HasSuffix(entry.Name, "/") {
			continue
		}
		to := w.target(entry.Name)
		if to == "" {
			continue
		}
		if path.Clean(entry.Name) != entry.Name || !filepath.IsLocal(to) || strings.Contains(to, `\`) {
			return fmt.Errorf("%q is not a clean name", entry.Name)
		}
		if !entry.Mode().IsRegular() {
			return fmt.Errorf("%q is not a regular file", entry.Name)
		}
		n, err := extract(ctx, entry, filepath.Join(tree, to), limit-m.Bytes, bar)
		if err != nil {
			return fmt.Errorf("%q: %w", entry.Name, err)
		}
		m.Files++
		m.Bytes += n
		if strings.HasPrefix(to, "lib/") {
			m.Libraries[to] = n
		}
	}
	return nil
}

// extract writes one new file of at most limit bytes.
func extract(ctx context.Context, entry *zip.File, file string, limit int64, bar io.Writer) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return 0, err
	}
	in, err := entry.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.MultiWriter(out, bar), io.LimitReader(contextual(ctx, in), limit+1))
	if err == nil && n > limit {
		err = errors.New("it is larger than the release may be")
	}
	return n, errors.Join(err, out.Close())
}
