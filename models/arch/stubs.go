package arch

import "cgan/weights"

// Read reads an arch file. An error names the line and, where there is one, the layer.
func Read(text []byte) (*File, error) { panic("todo") }

// Write writes a file that Read reads as the same, doubts as comments that begin with "# ?".
func Write(f *File) []byte { panic("todo") }

// Check says which layer does not fit what comes into it, on which line.
func (n *Network) Check() error { panic("todo") }

// Classes is how many classes the label tells apart; 0 without a label.
func (n *Network) Classes() int64 { panic("todo") }

// Noise is the shape of a generator's noise without the batch, [nz] or [nz, 1, 1].
func (n *Network) Noise() []int64 { panic("todo") }

// Output is the shape that Layers give, without the batch. The network passes Check.
func (n *Network) Output() []int64 { panic("todo") }

// Joined is the shape that Join gives.
func (n *Network) Joined() []int64 { panic("todo") }

// All is every layer that is run, in the order in which a Python module makes them: of the source, of the label, then the others.
func (n *Network) All() []Layer { panic("todo") }

// Output is the shape that the layer makes of in, both without the batch.
func (l Layer) Output(in []int64) ([]int64, error) { panic("todo") }

// Tensors are those of the layer, in the order of its state dict.
func (l Layer) Tensors() []Tensor { panic("todo") }

// Int is an argument that is a whole number; Float, Bool, Text and Pair are the same for others. An argument that was not
// given has torch.nn's default. They panic on a name or kind that the layer has not.
func (l Layer) Int(name string) int64 { panic("todo") }

func (l Layer) Float(name string) float64 { panic("todo") }
func (l Layer) Bool(name string) bool     { panic("todo") }
func (l Layer) Text(name string) string   { panic("todo") }

// Pair is an argument of height and width, which may be given as one number for both.
func (l Layer) Pair(name string) [2]int64 { panic("todo") }

// Ints is an argument that is a list of whole numbers, such as the sizes of Reshape.
func (l Layer) Ints(name string) []int64 { panic("todo") }

// New is a layer of that class with arguments by their place, as in Python: New("model.0", "Linear", 110, 256).
func New(key, op string, arguments ...any) Layer { panic("todo") }

// String is the layer as a call in Python, such as Linear(110, 256).
func (l Layer) String() string { panic("todo") }

// Python prints the network as a module of that name, Generator or Discriminator, whose state dict has the same keys.
func (n *Network) Python(class string) string { panic("todo") }

// Guess is the generator's network that keys and shapes of a state dict tell. What they can't tell has its usual value and a doubt.
func Guess(state weights.StateDict) (*Network, error) { panic("todo") }

// Renamed is the state with the keys that the rules give.
func Renamed(state weights.StateDict, rules []Rename) (weights.StateDict, error) { panic("todo") }
