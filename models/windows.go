package models

import "math/bits"

// Sizes are the heights and widths of images, in pixels, that there are networks for; 28 is the article's.
var Sizes = []int{28, 32, 64, 128}

// window is kernel, stride and padding of a layer.
type window struct{ kernel, stride, padding int64 }

// windows are those of each layer: from 1x1 up to the image in G, in D from the image down to 1x1.
// It mirrors windows of cgan.py.
func windows(size int64) []window {
	if size == 28 {
		return []window{{3, 1, 0}, {3, 2, 0}, {4, 2, 1}, {4, 2, 1}} // the article's: 1 -> 3 -> 7 -> 14 -> 28
	}
	all := []window{{4, 1, 0}} // 1 -> 4 -> 8 -> ... -> size
	for range bits.Len64(uint64(size)) - 3 {
		all = append(all, window{4, 2, 1})
	}
	return all
}
