package train

import (
	"errors"
	"fmt"

	"cgan/bindings/torch"
	"cgan/models"
)

// sayMemory makes an error of libtorch's, which had no memory for an op, one that says what was asked for.
func (r *run) sayMemory(err error) error {
	var failed *torch.Error
	if !errors.As(err, &failed) || !failed.OutOfMemory() {
		return err
	}
	return &models.FieldError{Field: "batch", Problem: fmt.Sprintf(
		"is %d, which with %s takes more memory than there is: ask for a smaller batch or smaller networks; %s (%v)",
		r.config.Batch, r.config.widths(), r.stands(), failed)}
}

// widths names what makes the networks large.
func (c Config) widths() string {
	if c.Arch != nil {
		return "the networks that were given"
	}
	return fmt.Sprintf("ngf %d and ndf %d", c.NgF, c.NdF)
}
