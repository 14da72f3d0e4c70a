package train

import "cgan/bindings/torch"

// wganPenalty is lambda of WGAN-GP.
const wganPenalty = 10

// r1Penalty is gamma/2 times the mean squared length of the gradient of D's verdicts on real images. D judged them plainly, and
// image requires gradients.
func r1Penalty(verdict, image *torch.Tensor, gamma float64) *torch.Tensor {
	grad := torch.Grad(verdict.Sum(), image)
	return grad.Square().SumDims(1, 2, 3).Mean().MulScalar(gamma / 2)
}

// gradientPenalty is WGAN-GP's: how far from 1 the gradient of D's verdicts is at images between the real and the drawn ones.
// They have the real ones' labels.
func (t *Trainer) gradientPenalty(image, fake, label *torch.Tensor) *torch.Tensor {
	alpha := torch.Rand([]int64{image.Size(0), 1, 1, 1}, t.device)
	mixed := alpha.Mul(image).Add(alpha.Rsub(1).Mul(fake)).RequiresGrad_(true)
	verdict := t.discriminatePlainly(t.condition(mixed, label))
	grad := torch.Grad(verdict.Sum(), mixed)
	return grad.VectorNorm([]int64{1, 2, 3}, false).AddScalar(-1).Square().Mean().MulScalar(wganPenalty)
}

// discriminatePlainly is discriminate on PyTorch's own ops, which have gradients of gradients.
func (t *Trainer) discriminatePlainly(x conditioned) (verdict *torch.Tensor) {
	t.discriminator.Plainly(func() { verdict = t.discriminate(x) })
	return verdict
}
