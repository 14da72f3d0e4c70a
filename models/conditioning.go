package models

import "cgan/bindings/torch"

// OnehotEncode turns labels [B], int64, into one-hot vectors [B, nClass, 1, 1].
// It mirrors onehot_encode of cgan.py.
func OnehotEncode(label *torch.Tensor, device torch.Device, nClass int64) *torch.Tensor {
	identity := torch.Eye(nClass, device)
	return identity.Index(label).View(-1, nClass, 1, 1) // [B] -> [B, n, 1, 1]
}

// ConcatNoiseLabel puts the one-hot label after the noise: [B, nz, 1, 1] -> [B, nz+nClass, 1, 1].
// It mirrors concat_noise_label of cgan.py.
func ConcatNoiseLabel(noise, label *torch.Tensor, device torch.Device, nClass int64) *torch.Tensor {
	onehot := OnehotEncode(label, device, nClass)
	return torch.Cat([]*torch.Tensor{noise, onehot}, 1) // [B, nz, 1, 1] -> [B, nz+n, 1, 1]
}

// CreateOnehotImage puts one plane per class after the image, ones for the label's class and
// zeros for the rest: [B, C, H, W] -> [B, C+nClass, H, W].
// It mirrors create_onehot_image of cgan.py.
func CreateOnehotImage(image, label *torch.Tensor, device torch.Device, nClass int64) *torch.Tensor {
	batch, height, width := image.Size(0), image.Size(2), image.Size(3)
	onehot := OnehotEncode(label, device, nClass)
	planes := onehot.Expand(batch, nClass, height, width) // [B, n, 1, 1] -> [B, n, H, W]
	return torch.Cat([]*torch.Tensor{image, planes}, 1)   // [B, C, H, W] -> [B, C+n, H, W]
}
