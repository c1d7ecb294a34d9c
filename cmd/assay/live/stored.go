package live

import (
	"fmt"
	"io"
	"slices"

	"assay/cmd/assay/show"
	"assay/harness/run"
	"assay/harness/subject"
	"assay/results"
)

// Stored shows a run of which all is known as it was shown when it was measured.
func Stored(w io.Writer, records []results.Record, rules bool) {
	plan := plannedFor(records)
	p := &Run{Out: w, Rules: rules, plan: plan, rows: newRows(plan, false), Taken: slices.Clone(records)}
	for _, r := range records {
		if show.Timed(r) {
			fmt.Fprint(w, p.rows.row(r, ""))
		}
	}
	p.closing(w)
}

// plannedFor is the plan of which these records came, as far as a table needs it.
func plannedFor(records []results.Record) run.Planned {
	var p run.Planned
	for _, r := range records {
		it := subject.Item{Runtime: r.Runtime.Name, Ref: r.Model.Ref, Skeleton: r.Model.Skeleton, Case: r.Case}
		if it.Skeleton != "" {
			it.WeightType = r.Model.WeightType
		}
		p.Items = append(p.Items, it)
		p.Suite.Rounds = 1
		p.Suite.Samples = max(p.Suite.Samples, len(show.OrEmpty(r.Measured).SamplesNS))
		p.Foretold = p.Foretold || show.OrEmpty(r.Predicted).TokensPerSecond != nil
	}
	return p
}
