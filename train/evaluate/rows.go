package evaluate

import (
	"fmt"
	"slices"

	"cgan/weights"
)

// Row is a figure for people: its name, its value, and what stands beside it: real images' or an interval of 95 %.
type Row struct{ Name, Value, Beside string }

// Rows are the figures, those of each class left out.
func (f *Figures) Rows() (rows []Row) {
	add := func(name, value, beside string) { rows = append(rows, Row{name, value, beside}) }
	share := func(name, key string, value float64, real string) {
		i := f.Intervals[key]
		add(name, percent(value), fmt.Sprintf("95 %%: %.2f to %.2f", 100*i[0], 100*i[1])+real)
	}
	if f.Consistency != nil {
		share("class consistency", "consistency", f.Consistency.Share, "")
	}
	add("Frechet distance on the judge's features", fmt.Sprintf("%.4f", f.Frechet), fmt.Sprintf("real: %.4f", f.Floor))
	if f.FID != nil {
		add(fmt.Sprintf("Inception-FID, on the %d features of %s", f.FID.Features, weights.Show(f.FID.Network)), fmt.Sprintf("%.3f", f.FID.Value), fmt.Sprintf("real: %.3f", f.FID.Floor))
	}
	share("precision", "precision", f.Precision, "; real: "+percent(f.Others.Precision))
	share("recall", "recall", f.Recall, "; real: "+percent(f.Others.Recall))
	add("density", fmt.Sprintf("%.3f", f.Density), fmt.Sprintf("real: %.3f", f.Others.Density))
	share("coverage", "coverage", f.Coverage, "; real: "+percent(f.Others.Coverage))
	add("diversity within a class", percent(f.Diversity), "of real")
	unseen, tested := "held-out", "test"
	if !f.HeldOut {
		unseen, tested = "other real", "other real"
	}
	add(fmt.Sprintf("nearer to a real image than 99 %% of %s ones", unseen), percent(f.Memorisation.Share), unseen+": "+percent(f.Memorisation.HeldOut))
	add("median distance to the nearest real image", percent(f.Memorisation.Median), "of "+unseen+" ones")
	if f.CAS != nil {
		add(fmt.Sprintf("CAS, %s images read by a classifier of drawn ones", tested), percent(f.CAS.Drawn), "of real ones: "+percent(f.CAS.Real))
	}
	return rows
}

// OfClass is the share of a class, "-" where no image of it was asked for.
func (c *Consistency) OfClass(class int) string {
	if slices.Max(c.Confusion[class]) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*c.Classes[class])
}

func percent(share float64) string { return fmt.Sprintf("%.2f %%", 100*share) }
