package weights

func (p *pickler) dict(d *Dict, depth int) error {
	if d.Ordered {
		p.emptyOrdered()
	} else {
		p.out.WriteByte(opEmptyDict)
	}
	p.out.WriteByte(opMark)
	for key, v := range d.All() {
		if err := p.value(key, depth+1); err != nil {
			return err
		}
		if err := p.value(v, depth+1); err != nil {
			return inside(key, err)
		}
	}
	p.out.WriteByte(opSetItems)
	if d.Ordered && d.Metadata != nil {
		return p.metadata(d.Metadata, depth)
	}
	return nil
}

// metadata sets the _metadata attribute of the OrderedDict on top of the stack.
func (p *pickler) metadata(meta *Dict, depth int) error {
	p.out.WriteByte(opEmptyDict)
	_ = p.string("_metadata") // a constant is always written
	if err := p.value(meta, depth+1); err != nil {
		return inside("_metadata", err)
	}
	p.out.WriteString("sb")
	return nil
}

func (p *pickler) stateDict(s StateDict, depth int) error {
	d, err := s.Dict()
	if err != nil {
		return err
	}
	return p.dict(d, depth)
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
