package dataset

import (
	"slices"
	"strconv"
)

// readIDX reads <stem>-images-idx3-ubyte and <stem>-labels-idx1-ubyte of the folder dir, under the names and in the
// folders that people have them in, the .gz of each before the plain one; their content decides whether they are
// gzipped. The stem is "train" or "t10k". Both files must hold the same number (at least one), and neither may be
// damaged, short or over-long: anything else is a *DataError. Memory grows with the data that is there, never with what a header claims.
func readIDX(dir, stem string) (*Set, error) {
	images, err := openIDX(dir, stem+"-images-idx3-ubyte", 3)
	if err != nil {
		return nil, err
	}
	defer images.file.Close()
	labels, err := openIDX(dir, stem+"-labels-idx1-ubyte", 1)
	if err != nil {
		return nil, err
	}
	defer labels.file.Close()
	return readPair(images, labels)
}

// readPair compares the counts before the first pixel is read.
func readPair(images, labels *idxFile) (*Set, error) {
	if images.dims[0] != labels.dims[0] {
		return nil, labels.fail(4, nil, "%d labels for the %d images of %s: take both files from one set",
			labels.dims[0], images.dims[0], images.path)
	}
	pixels, err := images.body()
	if err != nil {
		return nil, err
	}
	body, err := labels.body()
	if err != nil {
		return nil, err
	}
	values := make([]int32, len(body))
	for i, v := range body {
		values[i] = int32(v)
	}
	d := images.dims
	set := &Set{Images: Images{File: images.path, N: int(d[0]), Channels: 1, Height: int(d[1]), Width: int(d[2]), Pixels: pixels}}
	set.Labels, set.Classes = classesOf(values)
	return set, nil
}

// classesOf numbers the values that occur, in order: they may have gaps, be negative, or begin anywhere.
func classesOf(values []int32) (labels []int32, names []string) {
	distinct := slices.Compact(slices.Sorted(slices.Values(values)))
	index := make(map[int32]int32, len(distinct))
	for i, v := range distinct {
		index[v] = int32(i)
		names = append(names, strconv.Itoa(int(v)))
	}
	labels = make([]int32, len(values))
	for i, v := range values {
		labels[i] = index[v]
	}
	return labels, names
}
