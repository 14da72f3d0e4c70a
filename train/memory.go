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
		"is %d, which with ngf %d and ndf %d takes more memory than there is: ask for a smaller batch or smaller networks; %s (%v)",
		r.config.Batch, r.config.NgF, r.config.NdF, r.stands(), failed)}
}
