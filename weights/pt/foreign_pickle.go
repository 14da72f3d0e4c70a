package pt

import (
	"regexp"
	"slices"

	"cgan/weights"
)

// IsPickle says that a file begins as Python's pickles do: with their number in protocol 2 and later, before it with a
// dict, a list or a name.
func IsPickle(file []byte) bool {
	return len(file) > 0 && (file[0] == opProto || file[len(file)-1] == opStop && oldPickle.Match(file))
}

var (
	oldPickle = regexp.MustCompile(`^(?:c[\w.]+\n[\w.]+\n|\(dp?\d|\(lp?\d|[}\]]q)`)
	oldGlobal = regexp.MustCompile(`[ci]([A-Za-z_][\w.]*\n[A-Za-z_][\w.]*)\n`)
)

// refusePickle says of a pickle that torch.save did not write what to do with it, by the names in it. They are looked for
// without running it.
func refusePickle(file []byte) error {
	const reach = 1 << 20
	names := (&unpickler{data: file}).stackGlobals()
	for _, match := range oldGlobal.FindAllSubmatch(file[:min(len(file), reach)], -1) {
		names = append(names, dotted(string(match[1])))
	}
	switch {
	case slices.ContainsFunc(names, runsCode):
		names = slices.DeleteFunc(names, func(n string) bool { return !runsCode(n) })
		return weights.Refuse("", "is a pickle that wants %s; nothing was executed. %s", names[0], advice(names))
	case anyOf(names, "torch.distributed.checkpoint."):
		return weights.Refuse("", "is the list of a torch.distributed.checkpoint: %s", MergeShards)
	case anyOf(names, "numpy"):
		return weights.Refuse("", "is a pickle with NumPy arrays, not a file of torch.save: in Python, if you trust it, "+
			`torch.save({k: torch.as_tensor(v) for k, v in pickle.load(open(file, "rb")).items()}, other)`)
	}
	return weights.Refuse("", "is a pickle that Python's pickle.dump wrote, not torch.save: in Python, if you trust it, "+
		`torch.save(pickle.load(open(file, "rb")), other)`)
}

// MergeShards is what to do with a checkpoint in shards.
const MergeShards = "shards are not read, so merge them; in Python, " +
	"torch.distributed.checkpoint.format_utils.dcp_to_torch_save(folder, other)"
