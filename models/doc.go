// Package models is the conditional DCGAN: conditioning, generator and discriminator; and what draws with it.
//
// # Drawing
//
// Open reads what a training left, or a weights file of Go or Python, and Digits the generator that ships. Their Weights hold the
// sizes (Config), the names of the classes and the state dicts; LoadGenerator makes the network of them:
//
//	w, err := models.Open("runs/00000-mnist", "") // or models.Digits()
//	g, err := w.LoadGenerator()
//	defer g.Free()
//	images, err := g.Draw(w.Config, 2, []int64{3, 1, 4}, 7) // two rows of three classes, seed 7
//
// Images are float32 in [-1, 1], row after row, laid out [N, C, H, W]; package picture shows them, package imageset writes sets
// of them. DrawEach draws any number with little memory, DrawWalk the way between two, DrawPoints noise of one's own. Image i of
// a seed is the same whatever is drawn beside it, and on every processor within rounding.
//
// # How it computes
//
// A generator draws on the fast kernels in float32. Net.Use takes another Compute: bfloat16, exact for PyTorch's ops and bits,
// fewer speed-ups. It belongs to the generator, not to the process, so that two of different settings draw at once. A Net may be
// used by several goroutines; what runs natively at once is bounded by the cores.
//
// # The networks
//
// NewGenerator and NewDiscriminator are the article's for Config's sizes; with Config.Arch they are what package arch read from a
// file. Both are walked as data by export, inspect and the counts of their work. The PyTorch original is cgan.py beside these
// files; names and order are the same. What is called forward here runs inside torch.Do, whose error it ends in; all other
// functions give errors of Go that name the file, key and shape.
package models
