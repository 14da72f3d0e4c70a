package judge

import "testing"

// MNIST's judge is in the box, of other data there is none.
func TestTheBoxHasMNIST(t *testing.T) {
	const mnist = "15476cec9179265657c2afb9152e00646d2c48535653eadf2bc1eba891924dad"
	j, about, ok, err := InBox(mnist)
	if err != nil || !ok || about.Accuracy < 0.996 || about.Tested != 10_000 || len(about.Classes) != 10 {
		t.Fatalf("%v, %v, %v", about, ok, err)
	}
	j.Free()
	if _, _, ok, err := InBox("0000"); ok || err != nil {
		t.Errorf("unknown data: %v, %v", ok, err)
	}
}
