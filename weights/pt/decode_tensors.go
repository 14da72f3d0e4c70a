package pt

import (
	"errors"
	"fmt"

	"cgan/weights"
)

// rebuilder collects the tensors that a pickle asks for. Their bytes are filled in when the pickle
// is done: in a legacy file they lie after it, and a refused pickle then costs no reading.
type rebuilder struct {
	views []view
}

// rebuildTensor is (storage, offset, size, stride), of torch before 0.4.
func rebuildTensor(u *unpickler, args []any) (any, error) {
	if len(args) != 4 {
		return nil, fmt.Errorf("takes 4 arguments, not %d", len(args))
	}
	return u.tensor(args, 0)
}

// rebuildTensorV2 is (storage, offset, size, stride, requires_grad, hooks[, metadata]).
func rebuildTensorV2(u *unpickler, args []any) (any, error) {
	if len(args) != 6 && len(args) != 7 {
		return nil, fmt.Errorf("takes 6 or 7 arguments, not %d", len(args))
	}
	return u.tensorWith(args[:4], args[4:6], args[6:], 0)
}

// rebuildTensorV3 has the dtype after the hooks, and bytes as its storage. torch uses it for the
// types that have no storage class, and so nothing else is read: bytes are not checked as a bool.
func rebuildTensorV3(u *unpickler, args []any) (any, error) {
	if len(args) != 7 && len(args) != 8 {
		return nil, fmt.Errorf("takes 7 or 8 arguments, not %d", len(args))
	}
	g, ok := args[6].(*global)
	if !ok || g.dtype == 0 || storageClasses[g.dtype] != "" {
		return nil, fmt.Errorf("%s is no dtype for this kind of tensor", describe(args[6]))
	}
	return u.tensorWith(args[:4], args[4:6], args[7:], g.dtype)
}

func (u *unpickler) tensorWith(args, autograd, metadata []any, dtype weights.DType) (*weights.Tensor, error) {
	if len(metadata) == 1 && !isEmpty(metadata[0]) {
		return nil, errors.New("a conjugate or negative view is not read: " +
			"call resolve_conj() and resolve_neg() before saving")
	}
	t, err := u.tensor(args, dtype)
	if err != nil {
		return nil, err
	}
	return t, checkAutograd(t, autograd[0], autograd[1])
}

// checkAutograd checks the arguments that training would use; weights have no use for them.
func checkAutograd(t *weights.Tensor, requiresGrad, hooks any) error {
	grad, ok := requiresGrad.(bool)
	if !ok {
		return fmt.Errorf("%s as requires_grad", describe(requiresGrad))
	}
	if grad && !t.DType.IsFloat() && !t.DType.IsComplex() {
		return fmt.Errorf("requires_grad on a tensor of %v", t.DType)
	}
	if !isEmpty(hooks) {
		return errors.New("hooks on a tensor are not read")
	}
	return nil
}

func isEmpty(v any) bool {
	d, isDict := v.(*weights.Dict)
	return v == nil || isDict && d.Len() == 0
}

func rebuildParameter(_ *unpickler, args []any) (any, error) {
	if len(args) != 3 {
		return nil, fmt.Errorf("takes 3 arguments, not %d", len(args))
	}
	t, ok := args[0].(*weights.Tensor)
	if !ok {
		return nil, fmt.Errorf("%s as the data of a parameter", describe(args[0]))
	}
	return t, checkAutograd(t, args[1], args[2])
}

// rebuildParameterWithState leaves out the attributes that somebody hung on a parameter.
func rebuildParameterWithState(u *unpickler, args []any) (any, error) {
	if len(args) != 4 {
		return nil, fmt.Errorf("takes 4 arguments, not %d", len(args))
	}
	return rebuildParameter(u, args[:3])
}

// tensor makes the tensor of (storage, offset, size, stride), to be filled later.
func (u *unpickler) tensor(args []any, dtype weights.DType) (*weights.Tensor, error) {
	s, ok := args[0].(*storage)
	if !ok {
		return nil, fmt.Errorf("%s instead of a storage", describe(args[0]))
	}
	if s.untyped != (dtype != 0) {
		return nil, fmt.Errorf("storage %s does not go with this kind of tensor", s.key)
	}
	if dtype == 0 {
		dtype = s.dtype
	}
	offset, ok := args[1].(int64)
	if !ok {
		return nil, fmt.Errorf("%s as the offset", describe(args[1]))
	}
	shape, err := integers(args[2], "size")
	if err != nil {
		return nil, err
	}
	strides, err := integers(args[3], "stride")
	if err != nil {
		return nil, err
	}
	if err := u.charge(100 + 16*len(shape)); err != nil {
		return nil, err
	}
	available := s.numel
	if s.untyped {
		available /= int64(dtype.Size())
	}
	if err := checkView(dtype, shape, strides, offset, available); err != nil {
		return nil, fmt.Errorf("storage %s: %w", s.key, err)
	}
	t := &weights.Tensor{DType: dtype, Shape: shape}
	u.rebuild.views = append(u.rebuild.views, view{t, s, offset, strides})
	return t, nil
}
