package train

import (
	"cgan/bindings/nn"
	"cgan/bindings/torch"
)

// loss makes of D's verdicts [B] what a network minimises, one value: on real and on drawn images for D, on drawn ones
// for G. It mirrors the losses of train.py.
type loss interface {
	real(verdict *torch.Tensor) *torch.Tensor
	fake(verdict *torch.Tensor) *torch.Tensor
	generated(verdict *torch.Tensor) *torch.Tensor
}

// targetLoss compares verdicts with a target: 1 for real images, less the smoothing for D, and 0 for drawn ones.
type targetLoss struct {
	criterion interface {
		Forward(input, target *torch.Tensor) *torch.Tensor
	}
	smoothing float64
}

func (l targetLoss) real(verdict *torch.Tensor) *torch.Tensor {
	return l.criterion.Forward(verdict, torch.Full(verdict.Shape(), 1.0-l.smoothing, verdict.Device()))
}

func (l targetLoss) fake(verdict *torch.Tensor) *torch.Tensor {
	return l.criterion.Forward(verdict, torch.Full(verdict.Shape(), 0.0, verdict.Device()))
}

func (l targetLoss) generated(verdict *torch.Tensor) *torch.Tensor {
	return l.criterion.Forward(verdict, torch.Full(verdict.Shape(), 1.0, verdict.Device()))
}

// hingeLoss asks D for 1 and more on real images, and -1 and less on drawn ones.
type hingeLoss struct{}

func (hingeLoss) real(verdict *torch.Tensor) *torch.Tensor { return torch.Relu(verdict.Rsub(1)).Mean() }

func (hingeLoss) fake(verdict *torch.Tensor) *torch.Tensor {
	return torch.Relu(verdict.AddScalar(1)).Mean()
}

func (hingeLoss) generated(verdict *torch.Tensor) *torch.Tensor { return verdict.Mean().Neg() }

// wassersteinLoss is the distance between D's verdicts on real and on drawn images.
type wassersteinLoss struct{}

func (wassersteinLoss) real(verdict *torch.Tensor) *torch.Tensor { return verdict.Mean().Neg() }

func (wassersteinLoss) fake(verdict *torch.Tensor) *torch.Tensor { return verdict.Mean() }

func (wassersteinLoss) generated(verdict *torch.Tensor) *torch.Tensor { return verdict.Mean().Neg() }

// sigmoid says whether D ends in its Sigmoid: for bce, whose verdicts are probabilities. The others take scores, and so does
// R1, whose gradient would vanish where the Sigmoid is flat.
func (o Options) sigmoid() bool { return o.Loss == "bce" && o.R1 == 0 }

func (o Options) newLoss() loss {
	switch o.Loss {
	case "hinge":
		return hingeLoss{}
	case "wgan-gp":
		return wassersteinLoss{}
	case "lsgan":
		return targetLoss{nn.MSELoss{}, o.LabelSmoothing}
	}
	if !o.sigmoid() {
		return targetLoss{nn.BCEWithLogitsLoss{}, o.LabelSmoothing}
	}
	return targetLoss{nn.BCELoss{}, o.LabelSmoothing}
}
