package dataset

import "context"

// Options say which images of a set to hand out, and how.
type Options struct {
	Size, Channels int    // of the images handed out; Size 0: as they are, all of one size; Channels 0: 1 where every image is grey, else 3
	Fit            string // "crop" (default: scale the shorter side, cut the middle), "pad" (scale the longer side, pad with Background), "stretch"
	Background     string // colour that alpha and padding is put on: "black" (default), "white" or "#rrggbb"
	SkipBad        bool   // leave out what cannot be read, and list it in Set.Skipped
	Split          string // "train" (default) or "test"
}

// Open reads a set: data is a folder of IDX files such as MNIST's, or a name; "" and "mnist" are MNIST, which is
// fetched once for each user. What takes time is told to report, which may be nil. A damaged set is a *DataError.
func Open(ctx context.Context, data string, o Options, report func(string)) (*Set, error) {
	if data == "" || data == "mnist" {
		var err error
		if data, err = MNIST(ctx, report); err != nil {
			return nil, err
		}
	}
	stem := "train"
	if o.Split == "test" {
		stem = "t10k"
	}
	return readIDX(data, stem)
}
