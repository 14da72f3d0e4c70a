package formats

import (
	"archive/zip"
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"cgan/weights"
	"cgan/weights/pt"
)

const (
	zipStart   = "PK\x03\x04"
	zipEnd     = "PK\x05\x06"
	zipEndSize = 22
)

// foreignZip says what a zip is that torch.save did not write, and what to do with it; "" of one that it may have written.
// It goes by the names in it.
func foreignZip(file []byte) string {
	names, ok := zipNames(file)
	if !ok || has(names, "data.pkl") {
		end := bytes.Index(file, []byte(zipEnd))
		if end >= 0 && bytes.HasPrefix(file[min(len(file), end+zipEndSize):], []byte(zipStart)) {
			return "is several zips in a row, as a shard of torch.distributed.checkpoint (.distcp) is: " + pt.MergeShards
		}
		return ""
	}
	files := weightsNames(names)
	switch {
	case has(names, "archive_format"):
		return "is a program that torch.export saved (.pt2), not a state_dict: in Python, " +
			"torch.save(torch.export.load(file).state_dict, other)"
	case len(files) > 0:
		return fmt.Sprintf("is a zip with %s in it: unpack it and give that file", and(files))
	case all(names, ".npy"):
		return "is an .npz of NumPy arrays, not a file of torch.save: in Python, " +
			"torch.save({k: torch.from_numpy(v) for k, v in numpy.load(file).items()}, other)"
	case has(names, "model.weights.h5"):
		return "is a Keras file, not a file of torch.save"
	case len(names) == 0:
		return "is an empty zip"
	}
	return fmt.Sprintf("is a zip, but not of torch.save: it holds %s", and(names))
}

// FolderAdvice says what to give in place of a folder with these files in it.
func FolderAdvice(names []string) string {
	files := weightsNames(names)
	switch {
	case slices.ContainsFunc(names, func(n string) bool { return path.Ext(n) == ".distcp" }):
		return "it is a torch.distributed.checkpoint, and " + pt.MergeShards
	case slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, ".index.json") }):
		return fmt.Sprintf("its weights are in shards, %s; shards are not read, so save them as one file", and(files))
	case len(files) > 0:
		return fmt.Sprintf("give a file in it, %s", and(files))
	}
	return "give a run folder such as runs/00000-mnist, or a file"
}

// zipNames lists the files of a zip.
func zipNames(file []byte) (names []string, ok bool) {
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, false
	}
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	return names, true
}

// has says that one of the files has this name, in whatever folder.
func has(names []string, base string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return path.Base(n) == base })
}

func all(names []string, ending string) bool {
	return len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return !strings.HasSuffix(n, ending) })
}

// weightsNames picks the names that people give to weights.
func weightsNames(names []string) []string {
	endings := []string{".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".pkl"}
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(endings, strings.ToLower(path.Ext(n))) })
}

// and lists a few names for an error.
func and(names []string) string { return weights.Some(names, 3, weights.Quote) }
