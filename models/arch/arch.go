// Package arch has networks as data: the layers of torch.nn one after the other, and how noise and label come in. It reads
// and writes them as YAML, checks them, says the shapes and tensors that they have, guesses them from a state dict, and
// prints them as a Python module. It computes nothing and knows no libtorch.
//
//	generator:
//	  noise: randn(100)                    # or rand(100), uniform in [0, 1); randn(100, 1, 1) has a height and a width
//	  label:                               # or one_hot(10); without it the network knows no classes
//	    label_emb: Embedding(10, 50)
//	  join: cat(noise, label)              # or cat(label, noise), noise * label or noise + label
//	  layers:
//	    - model.0: Linear(150, 256)        # the key in the state dict, where a layer has weights
//	    - LeakyReLU(0.2)
//	    - model.2: BatchNorm1d(256, eps=0.8)
//	    - model.3: Linear(256, 784)
//	    - Tanh()
//	    - Reshape(1, 28, 28)
//	  values: [-1, 1]                      # what black and white are in the images
//	discriminator:
//	  image: image(1, 28, 28)
//	  label: one_hot(10)
//	  join: cat(image, label)              # a label beside something of a height and a width becomes planes
//	  layers: ...
//	map:                                   # keys of the file that have other names here
//	  gen.fc: model
//
// Where one layer stands, a list of layers may stand too: noise and label have columns of their own before they are joined.
// README.md is the page for those who write such files.
package arch

// File is what an arch file holds.
type File struct {
	Generator     *Network
	Discriminator *Network // nil where the file has none
	Map           []Rename
}

// Network is a generator, which begins with noise, or a discriminator, which begins with an image.
type Network struct {
	Source Column // begins with randn, rand or image
	Label  Column // begins with one_hot or Embedding; empty where the network knows no classes
	Join   Join   // of what Source and Label give
	Layers Column
	Values [2]float64        // of a generator: what black and white are in its images
	Doubts map[string]string // what a guess was not sure of, for noise, label, join or values
}

// Join is how what comes from the source and from the label become one. Both have the same height and width, or the
// label has none and is the same at every place.
type Join struct {
	By         Operation
	LabelFirst bool
}

// Operation is what makes one of two.
type Operation int

// The operations. Those but Cat go element by element.
const (
	Cat Operation = iota // along the channels
	Multiply
	Add
)

// Column is layers that run one after the other.
type Column []Layer

// Layer is one layer: the name of its class in torch.nn, and its arguments under the names that they have there, each
// with a value. Beside those of torch.nn there are randn, rand, image and one_hot, where a column begins, and Reshape.
type Layer struct {
	Key       string // of its tensors in the state dict, without the last part; empty for a layer without tensors
	Op        string
	Arguments map[string]any // int64, float64, bool, string or []int64
	Line      int            // in the file that it was read from; 0 else
	Doubt     string         // what a guess was not sure of
}

// Tensor is one that a layer has in the state dict.
type Tensor struct {
	Name   string // below the layer's key, such as weight
	Shape  []int64
	Buffer bool // no parameter: a running statistic or a count
}

// Rename is a rule for the keys of a file: the key From, and those that begin with From and a dot, begin with To in the column.
// A * stands for any text, and in To for what it stood for.
type Rename struct{ From, To string }
