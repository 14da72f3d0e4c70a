package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"cgan/bindings/torch"
	"cgan/bindings/torch/torchtest"
	"cgan/models"
)

const withoutInChild = "CGAN_TEST_WITHOUT"

// The memory of big tensors stays in the process with the speed-up pages, and goes back without. It is a setting of the
// whole process, so that each has one of its own.
func TestPagesIsASwitch(t *testing.T) {
	for without, stays := range map[models.SpeedUp]bool{models.Norm: true, models.Pages: false} {
		child := exec.Command(os.Args[0], "-test.run=^TestPagesInAChild$", "-test.v")
		child.Env = append(os.Environ(), withoutInChild+"="+string(without))
		out, err := child.CombinedOutput()
		if want := fmt.Sprintf("memory stays: %v\n", stays); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("without %s: no %q in %s, %v", without, want, out, err)
		}
	}
}

func TestPagesInAChild(t *testing.T) {
	without := os.Getenv(withoutInChild)
	if without == "" {
		t.Skip("TestPagesIsASwitch runs it")
	}
	if err := setUp(models.Compute{Without: []models.SpeedUp{models.SpeedUp(without)}}, 1); err != nil {
		t.Fatal(err)
	}
	const mb = 64
	var before, after int
	torchtest.Do(t, func() {
		before = residentMB(t)
		torch.Full([]int64{mb << 18}, 1, torch.CPU).Free()
		after = residentMB(t)
	})
	fmt.Printf("memory stays: %v\n", after-before > mb/2)
}

func residentMB(t *testing.T) int {
	t.Helper()
	var pages, resident int
	text, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		_, err = fmt.Sscan(string(text), &pages, &resident)
	}
	if err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize() >> 20
}
