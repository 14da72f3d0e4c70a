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
			return fmt.Errorf("tensor %s: the key occurs twice", Quote(e.Key))
		}
		seen[e.Key] = true
		if err := e.Tensor.Validate(); err != nil {
			return fmt.Errorf("tensor %s: %w", Quote(e.Key), err)
		}
	}
	return nil
}

// Dict returns the state dict as torch keeps it: an OrderedDict whose _metadata gives each module
// that has tensors its version. Modules without tensors (a ReLU) are not known from the keys and
// stay out, which load_state_dict does not mind.
func (s StateDict) Dict() (*Dict, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	d := &Dict{Ordered: true, Metadata: &Dict{Ordered: true}}
	d.Metadata.Set("", version(1))
	for _, e := range s {
		t := e.Tensor
		d.Set(e.Key, &t)
		addModules(d.Metadata, e.Key)
	}
	return d, nil
}

// addModules enters every module above a key: "a", "a.0" for "a.0.weight". BatchNorm became
// version 2 when it began to count batches; without it torch would fill in a counter of its own.
func addModules(meta *Dict, key string) {
	for at := range len(key) {
		if key[at] != '.' {
			continue
		}
		module := key[:at]
		if key[at:] == ".num_batches_tracked" {
			meta.Set(module, version(2))
		} else if _, known := meta.Get(module); !known {
			meta.Set(module, version(1))
		}
	}
}

func version(n int64) *Dict {
	d := &Dict{}
	d.Set("version", n)
	return d
}
