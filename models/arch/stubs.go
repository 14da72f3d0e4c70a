package arch

import "cgan/weights"

// Read reads an arch file. An error names the line and, where there is one, the layer.
func Read(text []byte) (*File, error) { panic("todo") }

// Write writes a file that Read reads as the same, doubts as comments that begin with "# ?".
func Write(f *File) []byte { panic("todo") }

// Python prints the network as a module of that name, Generator or Discriminator, whose state dict has the same keys.
func (n *Network) Python(class string) string { panic("todo") }

// Renamed is the state with the keys that the rules give.
func Renamed(state weights.StateDict, rules []Rename) (weights.StateDict, error) { panic("todo") }
