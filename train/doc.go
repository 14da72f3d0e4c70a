// Package train is the article's training: data, one step, the loop, its run folder.
//
// Run trains as a Config says, from Default or Preset, and tells a Reporter of it:
//
//	c, err := train.Preset("best")
//	c.Data, c.Out = "photos", "runs" // class folders, a table, an archive, IDX files; without Data MNIST
//	run, err := train.Run(ctx, c, reporter)
//
// The end of ctx finishes the step and saves. ResumeConfig is the Config to go on in a run folder as if it had never stopped;
// InitConfig that of a new run from old weights. What is wrong with a Config is a models.FieldError that names the field. Run
// draws random numbers in the order of train.py: on the same libtorch and in exact mode a run has Python's bits.
//
// Package dataset reads images, runfolder keeps folders of runs, record draws what stands in them, checkpoint is what a
// checkpoint holds, evaluate says how good a generator is. Threads and random numbers are the process's: one Run at a time.
//
// The PyTorch original is train.py beside these files. Entries that this package exports recover a failed tensor op and return it
// as an error; nothing here prints or ends the process.
package train
