package dataset

// The names that Open takes in place of a path. MNIST is what it takes where no data is named.
const (
	MNISTName   = "mnist"
	FashionName = "fashion-mnist"
)

// IsName says that data is the name of a set, not a path.
func IsName(data string) bool { return data == MNISTName || data == FashionName }
