package dataset

import "slices"

// MNISTName is what Open takes where no data is named.
const MNISTName = "mnist"

// IsName says that data is the name of a set, not a path.
func IsName(data string) bool { return slices.Contains([]string{MNISTName, "fashion-mnist"}, data) }
