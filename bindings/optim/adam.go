// Package optim is optimizers with the names of Python's torch.optim.
package optim

import (
	"slices"

	"cgan/bindings/fused"
	"cgan/bindings/kernels"
	"cgan/bindings/libtorch"
	"cgan/bindings/torch"
)

// Adam is torch.optim.Adam without weight decay, operation for operation: its single-tensor form on the CPU and its
// multi-tensor form on CUDA, as PyTorch chooses.
type Adam struct {
	LR, Beta1, Beta2, Eps float64      // SetLR changes LR
	InitialLR             float64      // what a schedule multiplies to LR, as initial_lr of torch.optim.lr_scheduler; 0 without a schedule
	Kernels               *kernels.Set // moves all parameters in one op on the CPU, whose last bits differ; nil for PyTorch's ops
	Fused                 bool         // moves all parameters in one op on CUDA, as torch.optim.Adam(fused=True)
	parameters            []*torch.Tensor
	states                []State       // by parameter; empty before its first step
	lr                    *torch.Tensor // LR as Fused reads it; nil before its first step
}

// State is what Adam keeps for one parameter, under PyTorch's names.
type State struct {
	Step             int64
	ExpAvg, ExpAvgSq *torch.Tensor // the parameter's shape
	step             *torch.Tensor // counts in place of Step where CUDA counts; else nil
}

// NewAdam makes an optimizer of the given parameters, with eps 1e-8.
func NewAdam(parameters []*torch.Tensor, lr, beta1, beta2 float64) *Adam {
	return &Adam{LR: lr, Beta1: beta1, Beta2: beta2, Eps: 1e-8, parameters: parameters, states: make([]State, len(parameters))}
}

// SetLR changes the learning rate of the steps to come, those of a captured graph among them.
func (a *Adam) SetLR(lr float64) {
	a.LR = lr
	if a.lr != nil {
		torch.Scope(func() { a.lr.Copy_(torch.ScalarTensor(lr, torch.Float32, torch.CPU)) })
	}
}

// Step moves every parameter that has a gradient.
func (a *Adam) Step() {
	if a.Kernels != nil && len(a.parameters) > 0 && a.parameters[0].Device() == torch.CPU {
		a.stepFused()
		return
	}
	if len(a.parameters) > 0 && a.parameters[0].Device() != torch.CPU {
		if a.Fused {
			a.stepFusedCUDA()
		} else {
			a.stepForeach()
		}
		return
	}
	torch.NoGrad(func() {
		for i, param := range a.parameters {
			torch.Scope(func() {
				if grad := param.Grad(); grad != nil {
					a.step(param, grad, &a.states[i])
				}
			})
		}
	})
}

// step mirrors _single_tensor_adam of torch/optim/adam.py.
func (a *Adam) step(param, grad *torch.Tensor, state *State) {
	state.begin(param)
	state.Step++
	state.ExpAvg.Lerp_(grad, 1-a.Beta1)
	state.ExpAvgSq.Mul_(a.Beta2).Addcmul_(grad, grad, 1-a.Beta2)

	stepSize, biasCorrection2Sqrt := a.corrections(state.Step)
	denom := state.ExpAvgSq.Sqrt().DivScalar(biasCorrection2Sqrt).Add_(a.Eps)
	param.Addcdiv_(state.ExpAvg, denom, stepSize)
}

// corrections are what both forms of torch/optim/adam.py make of the count of steps: the step's size with its sign, and
// the root of the second moment's correction.
func (a *Adam) corrections(count int64) (stepSize, biasCorrection2Sqrt float64) {
	step := float64(count)
	biasCorrection1 := 1 - torch.Pow(a.Beta1, step)
	biasCorrection2 := 1 - torch.Pow(a.Beta2, step)
	return -(a.LR / biasCorrection1), torch.Pow(biasCorrection2, 0.5)
}

// begin makes what the first step lacks.
func (s *State) begin(param *torch.Tensor) {
	if s.ExpAvg == nil {
		s.ExpAvg, s.ExpAvgSq = torch.ZerosLike(param).Keep(), torch.ZerosLike(param).Keep()
	}
}

// moved gives the parameters that have a gradient, with what Adam keeps for them. It runs in a scope of its own.
func (a *Adam) moved() (params, expAvgs, expAvgSqs []*torch.Tensor, states []*State) {
	for i, param := range a.parameters {
		if param.Grad() == nil {
			continue
		}
		state := &a.states[i]
		state.begin(param)
		params, expAvgs, expAvgSqs = append(params, param), append(expAvgs, state.ExpAvg), append(expAvgSqs, state.ExpAvgSq)
		states = append(states, state)
	}
	return params, expAvgs, expAvgSqs, states
}

// stepFused is Step in one op.
func (a *Adam) stepFused() {
	torch.Scope(func() {
		params, expAvgs, expAvgSqs, states := a.moved()
		steps := make([]int64, len(states))
		for i, state := range states {
			state.Step++
			steps[i] = state.Step
		}
		fused.Adam{Kernels: a.Kernels, LR: a.LR, Beta1: a.Beta1, Beta2: a.Beta2, Eps: a.Eps}.Step(params, expAvgs, expAvgSqs, steps)
	})
}

// stepFusedCUDA is Step in one op on CUDA. It reads no value, so that a graph can hold it.
func (a *Adam) stepFusedCUDA() {
	torch.Scope(func() {
		params, expAvgs, expAvgSqs, states := a.moved()
		steps := make([]*torch.Tensor, len(states))
		for i, state := range states {
			if state.step == nil {
				state.step = torch.ScalarTensor(float64(state.Step), torch.Float32, params[i].Device()).Keep()
			}
			steps[i] = state.step
		}
		if a.lr == nil {
			a.lr = torch.ScalarTensor(a.LR, torch.Float32, params[0].Device()).Keep()
		}
		all := slices.Concat(params, expAvgs, expAvgSqs, steps, []*torch.Tensor{a.lr})
		torch.NativeUpdate("fused_adam_", all, func(in []libtorch.Handle) error {
			n := len(params)
			return libtorch.FusedAdam(in[:n], in[n:2*n], in[2*n:3*n], in[3*n:4*n], in[4*n], a.Beta1, a.Beta2, a.Eps)
		})
	})
}

// stepForeach mirrors _multi_tensor_adam of torch/optim/adam.py, PyTorch's way on CUDA.
func (a *Adam) stepForeach() {
	torch.Scope(func() {
		params, expAvgs, expAvgSqs, states := a.moved()
		stepSizes, biasCorrections2Sqrt := make([]float64, len(states)), make([]float64, len(states))
		for i, state := range states {
			state.Step++
			stepSizes[i], biasCorrections2Sqrt[i] = a.corrections(state.Step)
		}
		torch.NativeUpdate("foreach_adam_", slices.Concat(params, expAvgs, expAvgSqs), func(in []libtorch.Handle) error {
			n := len(params)
			return libtorch.ForeachAdam(in[:n], in[n:2*n], in[2*n:], stepSizes, biasCorrections2Sqrt, a.Beta1, a.Beta2, a.Eps)
		})
	})
}

// Parameters gives what it moves.
func (a *Adam) Parameters() []*torch.Tensor { return a.parameters }

// States gives what Adam keeps, in the order of the parameters. Where CUDA counts the steps, it runs inside torch.Do.
func (a *Adam) States() []State {
	for i := range a.states {
		if s := &a.states[i]; s.step != nil {
			s.Step = int64(s.step.Item())
		}
	}
	return a.states
}

// SetState replaces what Adam keeps for parameter i; the tensors must have the parameter's shape.
func (a *Adam) SetState(i int, step int64, expAvg, expAvgSq *torch.Tensor) {
	a.states[i].free()
	s := State{Step: step}
	torch.NoGrad(func() { // in the parameter's memory order, which one op on CUDA needs
		s.begin(a.parameters[i])
		s.ExpAvg.Copy_(expAvg)
		s.ExpAvgSq.Copy_(expAvgSq)
	})
	a.states[i] = s
}

// ClearState forgets what Adam keeps, as if it had made no step.
func (a *Adam) ClearState() {
	for _, s := range a.states {
		s.free()
	}
	a.states = make([]State, len(a.parameters))
}

func (s State) free() {
	s.ExpAvg.Free()
	s.ExpAvgSq.Free()
	s.step.Free()
}

// Free ends the kept tensors.
func (a *Adam) Free() {
	a.ClearState()
	a.lr.Free()
	a.lr = nil
}
