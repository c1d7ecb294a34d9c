package trend

import (
	"iter"

	"assay/results"
	"assay/results/stat"
)

// Analyse reads the histories of one machine's cases, keeps of each night only
// where it lies, and finds the changes.
func Analyse(series iter.Seq2[results.Series, error], opt Options) (Trend, error) {
	rule := stat.TrendRule()
	if opt.Smallest > 0 {
		rule.Smallest = opt.Smallest
	}
	h, err := read(series)
	if err != nil {
		return Trend{}, err
	}
	t := h.trend()
	found, common := stat.Histories(t.locations(), rule)
	for i := range t.Cases {
		c := &t.Cases[i]
		c.Changes = append(c.exactChanges(t.Nights), c.timeChanges(t.Nights, found[i])...)
	}
	t.Common = t.commonChanges(common)
	return t, nil
}
