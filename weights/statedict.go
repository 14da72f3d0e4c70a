package weights

import "fmt"

// Entry is one named tensor of a state dict.
type Entry struct {
	Key string
	Tensor
}

// StateDict is an ordered list of named tensors, as model.state_dict() gives it. Keys are unique.
type StateDict []Entry

// Get returns the tensor of a key.
func (s StateDict) Get(key string) (Tensor, bool) {
	for _, e := range s {
		if e.Key == key {
			return e.Tensor, true
		}
	}
	return Tensor{}, false
}

// Keys returns the keys in order.
func (s StateDict) Keys() []string {
	keys := make([]string, len(s))
	for i, e := range s {
		keys[i] = e.Key
	}
	return keys
}

// Validate returns an error that names the first repeated key or impossible tensor.
func (s StateDict) Validate() error {
	seen := make(map[string]bool, len(s))
	for _, e := range s {
		if seen[e.Key] {
			return fmt.Errorf("tensor %s: the key occurs twice", quote(e.Key))
		}
		seen[e.Key] = true
		if err := e.Tensor.Validate(); err != nil {
			return fmt.Errorf("tensor %s: %w", quote(e.Key), err)
		}
	}
	return nil
}
