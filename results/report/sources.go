package report

import (
	"fmt"
	"slices"
	"strings"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/figure"
	"assay/results/stat"
	"assay/results/trend"
)

// FromDiff returns what a comparison found, worst first, and its notes.
func FromDiff(d diff.Diff) (findings []Finding, notes []string) {
	for _, x := range d.Differs {
		notes = append(notes, fmt.Sprintf("%s: %s, before %s.", x.What, orDefault(x.Head, "unknown"), orDefault(x.Base, "unknown")))
	}
	notes = append(notes, d.Warnings...)
	for _, g := range d.Groups {
		if g.Scope == stat.OneKind {
			notes = append(notes, g.String()+".")
		}
	}
	for _, c := range d.Cases {
		findings = append(findings, fromCase(c)...)
	}
	for _, side := range []struct {
		keys []results.Key
		what string
	}{{d.OnlyBase, "only in the run before"}, {d.OnlyHead, "only in this run"}} {
		for _, key := range side.keys {
			findings = append(findings, Finding{Severity: Missing, Case: string(key), Figure: "the case", After: side.what})
		}
	}
	return bySeverity(findings), notes
}

var severities = []Severity{Regression, Changed, Drift, Missing, Improvement, Note}

func bySeverity(findings []Finding) []Finding {
	var sorted []Finding
	for _, s := range severities {
		for _, f := range findings {
			if f.Severity == s {
				sorted = append(sorted, f)
			}
		}
	}
	return sorted
}

func fromCase(c diff.Case) []Finding {
	name := c.Runtime + " · " + c.Model + " · " + c.Test
	var findings []Finding
	if f := c.Failure; f != nil {
		severity := Improvement
		if f.Broke() {
			severity = Regression
		}
		findings = append(findings, Finding{Severity: severity, Case: name, Figure: "status", Before: string(f.Base), After: string(f.Head),
			Details: sentences(f.Error)})
	}
	for _, e := range c.Exact {
		what := e.Figure
		if e.Where != "" {
			what += " of " + e.Where
		}
		findings = append(findings, Finding{Severity: Changed, Case: name, Figure: what, Before: orDefault(e.Base, "none"),
			After: orDefault(e.Head, "none"), Details: c.Notes})
	}
	for _, p := range c.Predictions {
		findings = append(findings, Finding{Severity: Drift, Case: name, Figure: "prediction of " + p.Figure, Before: figure.Short(p.Base),
			After:   figure.Short(p.Head),
			Details: []string{"What was measured did not move: the predictor or its fit changed."}})
	}
	if t := c.Time; t != nil && (t.Verdict == diff.Slower || t.Verdict == diff.Faster) {
		findings = append(findings, fromTiming(name, c.Tokens, *t, c.Notes))
	}
	for i := range findings {
		findings[i].Reproduce = alert.Reproduce(c)
	}
	return findings
}

func fromTiming(name string, tokens int, t diff.Timing, notes []string) Finding {
	f := Finding{Severity: Improvement, Case: name, Figure: "tokens/s", Details: notes,
		Before: figure.Speed(1e9 * float64(tokens) / t.BaseNS), After: figure.Speed(1e9 * float64(tokens) / t.HeadNS)}
	if t.Verdict == diff.Slower {
		f.Severity = Regression
	}
	if t.Change != nil {
		f.Change = percent(*t.Change)
	}
	if t.PFamily != nil {
		f.Sure = fmt.Sprintf("p = %.2g over all cases", *t.PFamily)
	}
	return f
}

func sentences(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// percent prints a relative change with its interval.
func percent(v results.Interval) string {
	return figure.Change(v.Value) + " [" + figure.Between(v.Lo, v.Hi) + "]"
}

// NewHistory is the course of a series, without changes.
func NewHistory(s results.Series) History {
	h := History{Key: s.Key, Points: make([]Point, 0, len(s.Points))}
	for _, p := range s.Points {
		one := Point{Run: p.RunID, Time: p.Time}
		if speed := results.Speed(p.SamplesNS, s.Case.Tokens()); speed != nil {
			one.Median = speed.Median
			if speed.CI95 != nil {
				one.Lo, one.Hi = speed.CI95[0], speed.CI95[1]
			}
		}
		h.Points = append(h.Points, one)
	}
	return h
}

// WithChanges adds where its level moved; tokens are those of a sample.
func (h History) WithChanges(changes []trend.Change, tokens int) History {
	for _, c := range changes {
		at := slices.IndexFunc(h.Points, func(p Point) bool { return p.Run == c.First.Run })
		if at >= 0 && c.Figure == "time" {
			rate := 1e9 * float64(tokens)
			h.Changes = append(h.Changes, Change{At: at, Before: rate / *c.Before, After: rate / *c.After, Between: between(c)})
		}
	}
	return h
}

// FromTrend returns the histories with the changes that were found in them.
func FromTrend(t trend.Trend, series []results.Series) []History {
	changes := map[results.Key][]trend.Change{}
	for _, c := range t.Cases {
		changes[c.Key] = c.Changes
	}
	var all []History
	for _, s := range series {
		all = append(all, NewHistory(s).WithChanges(changes[s.Key], s.Case.Tokens()))
	}
	return all
}

// between says what else changed where a level did.
func between(c trend.Change) string {
	var words []string
	for _, d := range c.Between {
		words = append(words, fmt.Sprintf("%s from %s to %s", d.What, orDefault(d.Before, "unknown"), orDefault(d.After, "unknown")))
	}
	return strings.Join(words, ", ")
}
