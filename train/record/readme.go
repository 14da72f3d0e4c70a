package record

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// readme writes README.md.
func (r *Record) readme(w io.Writer, grids []grid, howTo string) error {
	config, err := os.ReadFile(filepath.Join(r.dir, "config.json"))
	if err != nil {
		return err
	}
	name := filepath.Base(r.dir)
	if whole, err := filepath.Abs(r.dir); err == nil {
		name = filepath.Base(whole)
	}
	s := r.last
	var text strings.Builder
	fmt.Fprintf(&text, "# %s\n\nEpoch %d, step %d: Loss_D %.3f, Loss_G %.3f, D(x) %.3f, D(G(z)) %.3f, %.0f images/s, at %s.\n\n",
		name, s.Epoch, s.Step, s.LossD, s.LossG, s.DReal, s.DFake, s.ImagesPS, s.Time.Format("2006-01-02 15:04"))
	if e := r.evaluated.Eval; e != nil {
		asked := ""
		if e.Consistency != nil {
			asked = fmt.Sprintf("%.2f %% read as asked, ", 100**e.Consistency)
		}
		fmt.Fprintf(&text, "Evaluated after step %d: %sFrechet distance %.4f (real: %.4f), density %.3f, coverage %.2f %%.\n\n",
			r.evaluated.Step, asked, e.Frechet, e.Floor, e.Density, 100*e.Coverage)
	}
	fmt.Fprintf(&text, "![losses and verdicts over the steps](%s)\n", CurvesName)
	if len(grids) > 0 {
		last := grids[len(grids)-1]
		fmt.Fprintf(&text, "\n![grid of step %d, a column for each class](%s)\n![the grids over time](%s)\n", last.step, filepath.Base(last.path), GIFName)
	}
	if howTo != "" {
		fmt.Fprintf(&text, "\n## Going on from here\n\n%s\n", strings.TrimRight(howTo, "\n"))
	}
	fmt.Fprintf(&text, "\n## Settings\n\n```json\n%s\n```\n", strings.TrimSpace(string(config)))
	_, err = io.WriteString(w, text.String())
	return err
}
