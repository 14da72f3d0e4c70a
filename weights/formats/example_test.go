package formats_test

import (
	"fmt"

	"cgan/weights"
	"cgan/weights/formats"
)

// Lists what a file holds, whatever its format: nothing of it is executed.
func ExampleOpen() {
	f, err := formats.Open("../pt/testdata/legacy.v21.pt")
	if err != nil {
		fmt.Println(err)
		return
	}
	state, err := weights.Find(f.Root, "") // or a key, such as "generator"
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Format)
	for _, e := range state {
		fmt.Println(e.Key, e.DType, e.Shape)
	}
	// Output:
	// PyTorch (legacy)
	// 0.weight float32 [3 4 3 3]
	// 0.bias float32 [4]
	// 1.weight float32 [4]
	// 1.bias float32 [4]
	// 1.running_mean float32 [4]
	// 1.running_var float32 [4]
	// 1.num_batches_tracked int64 []
	// 3.weight float32 [2 4 2 2]
	// 3.bias float32 [2]
}
