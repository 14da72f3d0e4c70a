package main

import (
	"cgan/bindings/hugepages"
	"cgan/bindings/torch"
	"cgan/models"
)

// setUp settles what is the process's: where big tensors get their memory, and the threads that one op may use, 0
// for libtorch's own number. It comes before the first tensor.
func setUp(c models.Compute, threads int) error {
	if c.Uses(models.Pages) {
		if err := hugepages.Use(); err != nil {
			return err
		}
	}
	if threads == 0 {
		return nil
	}
	return torch.Do("set the threads", func() error {
		torch.SetNumThreads(threads)
		return nil
	})
}
