package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"cgan/bindings/nn"
	"cgan/bindings/optim"
	"cgan/bindings/torch"
	"cgan/models"
	"cgan/weights"
)

// adamState is what torch.optim.Adam's state_dict() gives, in the keys that all supported versions know.
func adamState(a *optim.Adam) (weights.Value, error) {
	state, numbers := &weights.Dict{}, weights.List{}
	err := torch.Do("read the optimizer", func() error {
		for i, s := range a.States() {
			numbers = append(numbers, int64(i))
			if s.ExpAvg == nil {
				continue
			}
			entry, err := parameterState(s)
			if err != nil {
				return err
			}
			state.SetInt(int64(i), entry)
		}
		return nil
	})
	group := &weights.Dict{}
	group.Set("lr", a.LR)
	group.Set("betas", weights.Tuple{a.Beta1, a.Beta2})
	group.Set("eps", a.Eps)
	group.Set("weight_decay", int64(0))
	for _, off := range []string{"amsgrad", "maximize"} {
		group.Set(off, false)
	}
	group.Set("foreach", nil)
	for _, off := range []string{"capturable", "differentiable"} {
		group.Set(off, false)
	}
	group.Set("fused", nil)
	if a.InitialLR > 0 {
		group.Set("initial_lr", a.InitialLR)
	}
	group.Set("params", numbers)
	d := &weights.Dict{}
	d.Set("state", state)
	d.Set("param_groups", weights.List{group})
	return d, err
}

func parameterState(s optim.State) (*weights.Dict, error) {
	entry := &weights.Dict{}
	for _, part := range []struct {
		name   string
		tensor *torch.Tensor
	}{
		{"step", torch.ScalarTensor(float64(s.Step), torch.Float32, torch.CPU)},
		{"exp_avg", s.ExpAvg}, {"exp_avg_sq", s.ExpAvgSq},
	} {
		t, err := models.FileTensor(part.tensor)
		if err != nil {
			return nil, err
		}
		entry.Set(part.name, t)
	}
	return entry, nil
}

// adamFile is the state_dict() of torch.optim.Adam with one group of parameters.
type adamFile struct {
	lr, beta1, beta2, eps float64       // lr is that of the first step, where a schedule has changed it since
	state                 *weights.Dict // by the parameter's number
}

func parseAdam(value weights.Value) (a adamFile, err error) {
	root, _ := value.(*weights.Dict)
	if root == nil {
		return a, errors.New("it is not the state_dict() of an optimizer")
	}
	state, _ := root.Get("state")
	groups, _ := root.Get("param_groups")
	list, _ := groups.(weights.List)
	if a.state, _ = state.(*weights.Dict); a.state == nil || len(list) != 1 {
		return a, errors.New("it needs a state and one group in param_groups, as torch.optim.Adam over all parameters has")
	}
	group, _ := list[0].(*weights.Dict)
	if group == nil {
		return a, errors.New("param_groups holds something else than a dict")
	}
	for _, off := range []string{"amsgrad", "maximize", "weight_decay"} {
		if v, ok := group.Get(off); ok && v != false && v != int64(0) && v != 0.0 {
			return a, fmt.Errorf("%s is %v: only Adam without it can go on here", off, v)
		}
	}
	betas, _ := group.Get("betas")
	pair, _ := betas.(weights.Tuple)
	if len(pair) != 2 {
		return a, errors.New("betas is not a pair: is it torch.optim.Adam?")
	}
	lr, _ := group.Get("lr")
	if initial, ok := group.Get("initial_lr"); ok {
		lr = initial
	}
	eps, _ := group.Get("eps")
	for _, n := range []struct {
		name  string
		value weights.Value
		to    *float64
	}{{"lr", lr, &a.lr}, {"eps", eps, &a.eps}, {"betas[0]", pair[0], &a.beta1}, {"betas[1]", pair[1], &a.beta2}} {
		switch v := n.value.(type) {
		case float64:
			*n.to = v
		case int64:
			*n.to = float64(v)
		default:
			return a, fmt.Errorf("%s is not a number", n.name)
		}
	}
	return a, nil
}

// loadAdam gives adam the moments of its parameters; lr and betas stay as the run's settings say.
func loadAdam(adam *optim.Adam, value weights.Value, net []nn.Named) error {
	a, err := parseAdam(value)
	if err != nil {
		return err
	}
	adam.Eps = a.eps
	for i, parameter := range net {
		entry, ok := a.state.GetInt(int64(i))
		if !ok {
			continue // a parameter that had no step yet
		}
		if err := loadMoments(adam, i, entry, parameter.Tensor); err != nil {
			return fmt.Errorf("state of %s: %w", parameter.Name, err)
		}
	}
	if a.state.Len() > len(net) {
		return fmt.Errorf("it has states of %d parameters, the network has %d", a.state.Len(), len(net))
	}
	return nil
}

func loadMoments(adam *optim.Adam, i int, value weights.Value, parameter *torch.Tensor) error {
	entry, _ := value.(*weights.Dict)
	if entry == nil {
		return errors.New("it is not a dict")
	}
	step, err := stepOf(entry)
	if err != nil {
		return err
	}
	var moments [2]weights.Tensor
	for j, name := range []string{"exp_avg", "exp_avg_sq"} {
		v, _ := entry.Get(name)
		t, ok := v.(*weights.Tensor)
		if !ok || !slices.Equal(t.Shape, parameter.Shape()) {
			return fmt.Errorf("%s is not a tensor of shape %v", name, parameter.Shape())
		}
		if moments[j], err = t.Convert(weights.F32); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	mean := torch.FromBytes(moments[0].Data, moments[0].Shape, torch.Float32).To(parameter.Device())
	variance := torch.FromBytes(moments[1].Data, moments[1].Shape, torch.Float32).To(parameter.Device())
	adam.SetState(i, step, mean, variance)
	return nil
}

// stepOf reads the step count: a tensor of one value, or a plain number as old versions wrote it.
func stepOf(entry *weights.Dict) (int64, error) {
	value, _ := entry.Get("step")
	var step float64
	switch v := value.(type) {
	case int64:
		step = float64(v)
	case float64:
		step = v
	case *weights.Tensor:
		t, err := v.Convert(weights.F32)
		if err != nil || t.Numel() != 1 {
			return 0, errors.New("step is not one number")
		}
		values, err := t.Float32s()
		if err != nil {
			return 0, err
		}
		step = float64(values[0])
	default:
		return 0, errors.New("step is missing")
	}
	if step < 0 || step != math.Trunc(step) || step > 1<<52 {
		return 0, fmt.Errorf("step is %v", step)
	}
	return int64(step), nil
}
