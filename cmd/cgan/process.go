package main

import (
	"os"
	"runtime"

	"cgan/bindings/hugepages"
	"cgan/bindings/torch"
	"cgan/models"
)

// setUp settles what is the process's: where big tensors get their memory, and the threads that one op may use, 0
// for what suits this machine. It comes before the first tensor.
func setUp(c models.Compute, threads int) error {
	if c.Uses(models.Pages) {
		if err := hugepages.Use(); err != nil {
			return err
		}
	}
	_, err := setThreads(threads)
	return err
}

// setThreads sets the threads that one op may use, 0 for what suits this machine, and says why as many.
func setThreads(n int) (t threadCount, err error) {
	err = torch.Do("set the threads", func() error {
		usual := torch.NumThreads()
		if t = (threadCount{n, "as asked for"}); n == 0 {
			t = thisHost().threads(usual)
		}
		if t.N != usual {
			torch.SetNumThreads(t.N)
		}
		return nil
	})
	return t, err
}

// thisHost is the machine that the program runs on.
func thisHost() host { return host{root: os.DirFS("/"), cores: runtime.NumCPU(), getenv: os.Getenv} }
