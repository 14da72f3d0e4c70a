package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// checkFolder demands that the folder holds exactly these files with their contents.
func checkFolder(t *testing.T, folder string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != len(want) {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	for name, content := range want {
		if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(got) != content {
			t.Errorf("%s holds %q, %v", name, got, err)
		}
	}
}

func TestWrite(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "w.pt")
	if err := Write(path, false, text("one")); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, folder, map[string]string{"w.pt": "one"})
	err := Write(path, false, text("two"))
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path+" exists already") {
		t.Errorf("%v", err)
	}
	checkFolder(t, folder, map[string]string{"w.pt": "one"})
	for _, mode := range []fs.FileMode{0o640, 0o666, 0o600} { // the second is more than umask leaves
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, true, text("three")); err != nil {
			t.Fatal(err)
		}
		checkFolder(t, folder, map[string]string{"w.pt": "three"})
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("mode %v, not %v, %v", info.Mode(), mode, err)
		}
	}
}

// The longest name that a file system takes is no reason to fail, nor to write where a link leads nowhere.
func TestWriteNames(t *testing.T) {
	folder := t.TempDir()
	if err := Write(filepath.Join(folder, strings.Repeat("ü", 127)), false, text("x")); err != nil {
		t.Error(err)
	}
	link := filepath.Join(folder, "link.pt")
	if err := os.Symlink("gone.pt", link); err != nil {
		t.Skip("no symbolic links:", err)
	}
	for _, force := range []bool{false, true} {
		if err := Write(link, force, text("x")); err == nil || !strings.Contains(err.Error(), "a symbolic link to gone.pt, which does not exist") {
			t.Errorf("force %v: %v", force, err)
		}
	}
	if to, err := os.Readlink(link); err != nil || to != "gone.pt" {
		t.Error(to, err)
	}
}

// What goes wrong is said of the file that was asked for.
func TestErrorsNameTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.pt")
	full := func(op string) error { return &fs.PathError{Op: op, Path: "?", Err: syscall.ENOSPC} }
	for _, test := range []struct {
		name string
		disk func(d *Disk)
	}{
		{"rename", func(d *Disk) {
			d.Rename = func(from, to string) error {
				return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.ENOSPC}
			}
		}},
		{"read back", func(d *Disk) {
			open := d.OpenFile
			d.OpenFile = func(path string, flag int, mode fs.FileMode) (File, error) {
				if flag == os.O_RDONLY {
					return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOSPC}
				}
				return open(path, flag, mode)
			}
		}},
	} {
		disk := System()
		test.disk(&disk)
		if err := disk.Write(path, true, text("x")); err == nil || err.Error() != "cannot write "+path+": "+syscall.ENOSPC.Error() {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if err := Write(path, true, func(io.Writer) error { return full("read other.pt") }); !strings.Contains(err.Error(), "read other.pt") {
		t.Error(err)
	}
}

func TestWriteLeavesNothingBehind(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "w.pt")
	broken := errors.New("broken")
	half := func(w io.Writer) error { text(strings.Repeat("x", 1<<17))(w); return broken }
	if err := Write(path, false, half); !errors.Is(err, broken) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	checkFolder(t, folder, nil)
	func() {
		defer func() { _ = recover() }()
		_ = Write(path, false, func(io.Writer) error { panic("in write") })
	}()
	checkFolder(t, folder, nil)
	if err := Write(path, false, text("kept")); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, true, half); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	checkFolder(t, folder, map[string]string{"w.pt": "kept"})
}

// A file that appears while another is being written is not overwritten.
func TestWriteLosesTheRace(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "w.pt")
	err := Write(path, false, func(w io.Writer) error {
		if err := os.WriteFile(path, []byte("other"), 0o666); err != nil {
			t.Fatal(err)
		}
		return text("mine")(w)
	})
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("%v", err)
	}
	checkFolder(t, folder, map[string]string{"w.pt": "other"})
}

func TestWriteRefusesOtherTargets(t *testing.T) {
	folder := t.TempDir()
	for _, force := range []bool{false, true} {
		if err := Write(folder, force, text("x")); err == nil || !strings.Contains(err.Error(), "is a directory") {
			t.Errorf("%v", err)
		}
		if err := Write(filepath.Join(folder, "none", "w.pt"), force, text("x")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v", err)
		}
		if _, err := os.Stat("/dev/null"); err != nil {
			continue
		}
		if err := Write("/dev/null", force, text("x")); err == nil || !strings.Contains(err.Error(), "is a device") {
			t.Errorf("%v", err)
		}
	}
	checkFolder(t, folder, nil)
}

func TestWriteThroughALink(t *testing.T) {
	folder := t.TempDir()
	link, target := filepath.Join(folder, "link.pt"), filepath.Join(folder, "target.pt")
	if err := os.WriteFile(target, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links:", err)
	}
	if err := Write(link, true, text("new")); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, folder, map[string]string{"link.pt": "new", "target.pt": "new"})
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info.Mode(), err)
	}
}

// A file system that has no sync of folders is no reason to fail; one that fails to sync is.
func TestFolderSync(t *testing.T) {
	for err, passes := range map[error]bool{
		syscall.EINVAL: true, syscall.ENOTSUP: true, syscall.ENOSYS: true,
		syscall.EIO: false, syscall.ENOSPC: false, syscall.EROFS: false, syscall.EDQUOT: false,
	} {
		if got := lacksSync(&fs.PathError{Op: "sync", Path: "folder", Err: err}); got != passes {
			t.Errorf("%v passes: %v", err, got)
		}
	}
}
