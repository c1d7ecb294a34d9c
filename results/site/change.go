package site

import (
	"assay/results/figure"
	"assay/results/trend"
)

// change is a place where a history changed.
type change struct {
	Day, Figure, Before, After, Change, Interval string
	Also                                         []string
	Compare                                      string
}

var figureNames = map[string]string{"time": "tokens/s", "kv_bytes": "KV cache", "flops": "operations"}

// newChange puts a change in words; c is its case, nil for one that all cases share.
func newChange(m Machine, ch trend.Change, c *Case) change {
	out := change{Day: day(ch.First.Time), Figure: figureNames[ch.Figure], Compare: compareLink(m, ch.Last.Run, ch.First.Run)}
	switch {
	case ch.Figure == "time":
		// A level in time that is higher is a speed that is lower.
		out.Change = figure.Change(1/(1+ch.Change.Value) - 1)
		out.Interval = figure.Between(1/(1+ch.Change.Hi)-1, 1/(1+ch.Change.Lo)-1)
		if c != nil && ch.Before != nil && ch.After != nil {
			tokens := 1e9 * float64(c.Record.Case.Tokens())
			out.Before, out.After = figure.Rate(tokens / *ch.Before), figure.Rate(tokens / *ch.After)
		}
	case ch.Before != nil && ch.After != nil:
		show := figure.Count
		if ch.Figure == "kv_bytes" {
			show = figure.Size
		}
		out.Before, out.After, out.Change = show(*ch.Before), show(*ch.After), figure.Change(ch.Change.Value)
	}
	for _, b := range ch.Between {
		out.Also = append(out.Also, b.What+": "+orUnknown(b.Before)+" → "+orUnknown(b.After))
	}
	return out
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
