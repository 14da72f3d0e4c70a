package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cgan/weights/atomicfile"
)

// A cache file holds a set that was decoded: the pixels [N, Channels, Height, Width], the labels as little-endian int32,
// a record in JSON, and at the end the record's length, the sha256 of labels and record, and a mark. So pixels are
// written before it is known how many there are, and they lie where they are read.
const (
	cacheMark   = "cgan images 1\n\x00\x00"
	cacheEnd    = 8 + sha256.Size + len(cacheMark)
	cacheUnused = 30 * 24 * time.Hour // after which a file goes
	cacheKilled = 24 * time.Hour      // after which the temporary file of a killed process goes
	maxRecord   = 1 << 30
)

// inMemory is the bytes of pixels that are held in memory; more stay on the disk. Tests lower it.
var inMemory int64 = 256 << 20

// record is what a cache file says of its images.
type record struct {
	N, Channels, Height, Width int
	Classes                    []string
	Bad                        []Problem // files that are no readable images
	Passing                    bool      // one of them may be readable the next time
	Found                      Found
	Pixels                     string // sha256
	Hash                       string // Set.Hash
}

func (r *record) size() int64 {
	return int64(r.N) * int64(r.Channels) * int64(r.Height) * int64(r.Width)
}

// cacheFolder is where decoded sets lie.
func cacheFolder() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache for images: %w: set XDG_CACHE_HOME or HOME", err)
	}
	return filepath.Join(base, "cgan", "images"), nil
}

// openCache opens a decoded set. A file that is missing, damaged or cut short is an error.
func openCache(path string) (set *Set, r *record, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	r, labels, err := readRecord(file)
	if err != nil {
		return nil, nil, err
	}
	set = r.set(labels)
	set.Images.file = file
	if r.size() <= inMemory {
		pixels := make([]byte, r.size())
		if _, err := file.ReadAt(pixels, 0); err != nil {
			return nil, nil, err
		}
		if hexSum(pixels) != r.Pixels {
			return nil, nil, errors.New("the pixels are not those that were written")
		}
		file.Close()
		set.Images.Pixels, set.Images.file = pixels, nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // that it is used; a disk that can't note it is no reason to fail
	return set, r, nil
}

// readRecord reads what stands behind the pixels, and sees that the file has the length that follows.
func readRecord(file *os.File) (*record, []int32, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	wrong := errors.New("it is damaged or cut short")
	end := make([]byte, cacheEnd)
	if _, err := file.ReadAt(end, info.Size()-int64(cacheEnd)); err != nil || !bytes.HasSuffix(end, []byte(cacheMark)) {
		return nil, nil, wrong
	}
	length := int64(binary.LittleEndian.Uint64(end))
	if length < 0 || length > min(info.Size(), maxRecord) {
		return nil, nil, wrong
	}
	tail, err := readFrom(file, info.Size()-int64(cacheEnd)-length, length)
	if err != nil {
		return nil, nil, wrong
	}
	var r record
	if err := json.Unmarshal(tail, &r); err != nil || r.N < 1 || r.size()+4*int64(r.N)+length+int64(cacheEnd) != info.Size() {
		return nil, nil, wrong
	}
	packed, err := readFrom(file, r.size(), 4*int64(r.N))
	if err != nil || !bytes.Equal(sum(packed, tail), end[8:8+sha256.Size]) {
		return nil, nil, wrong
	}
	labels := make([]int32, r.N)
	for i := range labels {
		labels[i] = int32(binary.LittleEndian.Uint32(packed[4*i:]))
	}
	return &r, labels, nil
}

func readFrom(file *os.File, at, length int64) ([]byte, error) {
	if at < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	data := make([]byte, length)
	_, err := file.ReadAt(data, at)
	return data, err
}

func sum(parts ...[]byte) []byte {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

func hexSum(parts ...[]byte) string { return hex.EncodeToString(sum(parts...)) }

// writeCache writes a set whole or not at all. r says what is planned; build writes the pixels and gives the labels, and
// notes in r what has become of the plan.
func writeCache(path string, r *record, build func(io.Writer) ([]int32, error)) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make room for decoded images: %w: set XDG_CACHE_HOME to a folder that can be written", err)
	}
	sweepCache(filepath.Dir(path))
	var ours error // which needs no word of the cache
	err := atomicfile.Write(path, true, func(w io.Writer) error {
		planned := r.set(nil)
		pixels, all := sha256.New(), planned.startHash()
		labels, err := build(io.MultiWriter(w, pixels, all))
		if ours = err; err != nil {
			return err
		}
		sum := pixels.Sum(nil)
		r.Pixels = hex.EncodeToString(sum)
		set := r.set(labels)
		if !set.plain() {
			r.Hash = set.hashAfter(sum)
		} else if r.N == planned.Images.N {
			r.Hash = set.endHash(all)
		}
		return writeRecord(w, labels, r)
	})
	if ours != nil {
		return ours
	}
	if err != nil {
		return fmt.Errorf("keep the decoded images: %w: set XDG_CACHE_HOME to a folder that can be written, and has room", err)
	}
	return nil
}

// set is the set of the record, without its pixels.
func (r *record) set(labels []int32) *Set {
	return &Set{
		Images: Images{N: r.N, Channels: r.Channels, Height: r.Height, Width: r.Width},
		Labels: labels, Classes: r.Classes, Skipped: r.Bad, Found: r.Found, hash: r.Hash,
	}
}

func writeRecord(w io.Writer, labels []int32, r *record) error {
	packed := packLabels(labels)
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	for _, part := range [][]byte{packed, text, length, sum(packed, text), []byte(cacheMark)} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// sweepCache removes what was not used for long, and what killed processes left.
func sweepCache(folder string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		age := time.Since(info.ModTime())
		if strings.HasSuffix(e.Name(), ".bytes") && age > cacheUnused || strings.HasSuffix(e.Name(), ".tmp") && age > cacheKilled {
			os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}
