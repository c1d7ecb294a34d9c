// Package alert turns what a diff found into messages: what moved, how sure
// that is, since when, what else changed and how to see it again. It remembers
// what it said, so that a regression is announced once, reminded of, and its
// recovery announced. It judges nothing itself, and trusts no name that it
// prints: every format escapes what it is given.
package alert

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"assay/results"
	"assay/results/diff"
	"assay/results/figure"
	"assay/results/stat"
)

// State is where an alert stands in its life.
type State string

// Class is what kind of thing moved.
type Class string

// The classes of alert.
const (
	Exact      Class = "exact"      // a figure without noise changed
	Timing     Class = "timing"     // a timed case got slower or faster
	Prediction Class = "prediction" // a prediction moved, not the machine
	Failure    Class = "failure"    // a case no longer succeeds
	Group      Class = "group"      // cases of one kind, or of some models, moved together
	Refuted    Class = "refuted"    // a check of tonight's record did not hold
	Output     Class = "output"     // what comes out of the model is another thing, or none
)

// Alert is one thing that moved.
type Alert struct {
	// ID is the same from night to night for the same thing.
	ID    string      `json:"id"`
	Class Class       `json:"class"`
	Key   results.Key `json:"key,omitempty"`
	// Name is the case as people call it: its model, what that is packed in, and its test.
	Name string `json:"name,omitempty"`
	// Title is one sentence without the case: "8.1 % slower".
	Title  string `json:"title"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Certainty says how sure it is, in words; ChangeCI is the interval of a
	// timing's relative change.
	Certainty string            `json:"certainty"`
	ChangeCI  *results.Interval `json:"change,omitempty"`
	// Regression is false for good news.
	Regression bool `json:"regression"`
	// Moved are the cases of a group.
	Moved []results.Key `json:"moved,omitempty"`
	// Details are further lines, such as the layers that changed.
	Details []string `json:"details,omitempty"`
	// LikelyCause is the first of what else differs that is known to make a runtime
	// slower or faster; AlsoChanged is all of it that concerns the case.
	LikelyCause *diff.Difference  `json:"likely_cause,omitempty"`
	AlsoChanged []diff.Difference `json:"also_changed"`
	// Reproduce is the command that measures the case again.
	Reproduce string `json:"reproduce,omitempty"`
	// State and Since come from the memory of earlier nights.
	State State     `json:"state,omitempty"`
	Since time.Time `json:"since"`
	Run   string    `json:"run"`
	Base  string    `json:"base"`

	runtime string
	// step is how the case moved since the alert about it that is open.
	step diff.Verdict
	// hidden says that tonight's noise hides what is left of what was said.
	hidden bool
}

// FromDiff lists what moved, regressions first, groups before their cases.
func FromDiff(d diff.Diff) []Alert {
	alerts := []Alert{}
	add := func(a Alert) {
		if a.ID == "" {
			a.ID = id(a.Class, a.Key)
		}
		a.because(d.Differs)
		a.Run, a.Base, a.Since = d.Head.Run, d.Base.Run, d.Head.Time
		alerts = append(alerts, a)
	}
	for _, g := range d.Groups {
		if g.Verdict == diff.Slower || g.Verdict == diff.Faster {
			add(group(g))
		}
	}
	for _, c := range d.Cases {
		for _, a := range fromCase(c) {
			a.Key, a.Name, a.Reproduce, a.runtime = c.Key, spaced(c.Model, c.WeightType, c.File, c.Test), Reproduce(c), c.Runtime
			add(a)
		}
	}
	regressionsFirst(alerts)
	return alerts
}

func id(class Class, key results.Key) string {
	return strings.TrimSpace(string(class) + " " + string(key))
}

// spaced joins the words that are there.
func spaced(words ...string) string {
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

func regressionsFirst(alerts []Alert) {
	slices.SortStableFunc(alerts, func(a, b Alert) int {
		switch {
		case a.Regression == b.Regression:
			return 0
		case a.Regression:
			return -1
		}
		return 1
	})
}

// because keeps of what else differs what concerns the alert's runtime.
func (a *Alert) because(differs []diff.Difference) {
	a.AlsoChanged = []diff.Difference{}
	for _, d := range differs {
		if d.Runtime != "" && a.runtime != "" && d.Runtime != a.runtime {
			continue
		}
		a.AlsoChanged = append(a.AlsoChanged, d)
		if a.LikelyCause == nil && d.Cause {
			a.LikelyCause = &d
		}
	}
}

// FromRun lists what is wrong with a run whatever it is compared with: cases that
// failed, and checks that did not hold. Those that alerts already speak of are left out.
func FromRun(run results.Run, alerts []Alert) []Alert {
	known := map[string]bool{}
	for _, a := range alerts {
		known[a.ID] = true
	}
	out := []Alert{}
	file := results.FileApart(run.Records)
	for key, rec := range run.ByKey() {
		for _, a := range fromRecord(rec) {
			m := rec.Model
			a.ID, a.Key, a.Name = id(a.Class, key), key, spaced(m.Name, m.Weights(), file(m), rec.Case.Test())
			a.AlsoChanged, a.Run, a.Since, a.Regression, a.Certainty = []diff.Difference{}, run.ID, rec.Time, true, "certain"
			if !known[a.ID] {
				out = append(out, a)
			}
		}
	}
	slices.SortFunc(out, func(a, b Alert) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func fromRecord(rec results.Record) []Alert {
	var out []Alert
	switch {
	case rec.Status == results.StatusFailed && rec.Measured.Garbage():
		out = append(out, Alert{Class: Output, Title: "what comes out is not a number", After: string(rec.Status), Details: []string{rec.Error}})
	case rec.Status == results.StatusFailed:
		out = append(out, Alert{Class: Failure, Title: "failed", After: string(rec.Status), Details: []string{rec.Error}})
	}
	var details []string
	for _, c := range rec.Checks {
		switch {
		case c.OK:
		case c.Name == results.OutputCheck:
			out = append(out, Alert{Class: Output, Title: "settings that must not matter change what comes out", Details: []string{c.Detail}})
		default:
			details = append(details, strings.TrimSpace(c.Name+": "+c.Detail))
		}
	}
	if details != nil {
		out = append(out, Alert{Class: Refuted, Title: "a prediction or a check does not hold", Details: details})
	}
	return out
}

func fromCase(c diff.Case) []Alert {
	var out []Alert
	if f := c.Failure; f != nil && f.Broke() {
		out = append(out, Alert{
			Class: Failure, Title: "no longer succeeds", Before: string(f.Base), After: string(f.Head),
			Certainty: "certain", Regression: true, Details: []string{f.Error},
		})
	}
	if len(c.Exact) > 0 {
		out = append(out, exact(c.Exact))
	}
	if c.Output != nil {
		out = append(out, Alert{
			Class: Output, Title: "what comes out moved further than rounding explains", Before: fmt.Sprintf("%.2g at most", c.Output.Allowed),
			After: fmt.Sprintf("%.2g of the logits' spread", c.Output.Off), Certainty: "certain: as far as rounding is understood", Regression: true,
			Details: []string{c.Output.String()},
		})
	}
	if t := c.Time; t != nil && (t.Verdict == diff.Slower || t.Verdict == diff.Faster) {
		out = append(out, timing(c))
	} else if t != nil && t.Verdict == diff.Same && t.Step != nil && t.Step.Verdict == diff.Faster && *t.Total < 0 {
		a := timing(c)
		a.hidden, a.Title, a.Regression = true, change(*t.Total, diff.Slower), true
		out = append(out, a)
	}
	if len(c.Predictions) > 0 {
		out = append(out, prediction(c.Predictions))
	}
	return out
}

// group is an alert about cases that moved together.
func group(g diff.Group) Alert {
	a := Alert{
		Class: Group, Name: g.Runtime + " " + g.Kind, Regression: g.Verdict == diff.Slower, runtime: g.Runtime,
		Title:     fmt.Sprintf("%s, %d of %d cases", change(g.Change, g.Verdict), len(g.Moved), g.Cases),
		Certainty: fmt.Sprintf("a chance of %s of this in any such group if nothing had changed", chance(g.PFamily)),
		Details:   []string{fmt.Sprintf("sessions move it by up to %s without a change", figure.Percent(g.Usual))},
		Moved:     g.Moved,
	}
	switch {
	case g.Model != "":
		a.Name = g.Runtime + " " + g.Model + " " + g.Kind
	case len(g.Models) > 0:
		a.Title = fmt.Sprintf("%d models moved, the first %s", len(g.Models), change(g.Change, g.Verdict))
		a.Details = append(a.Details, "models: "+strings.Join(g.Models, ", "))
	}
	a.ID = "group " + string(g.Scope) + " " + a.Name
	return a
}

// mostDetails is how many changed figures one alert lists.
const mostDetails = 8

func exact(changes []diff.Exact) Alert {
	first := changes[0]
	a := Alert{
		Class: Exact, Title: strings.TrimSpace(first.Figure+" "+first.Where) + " changed",
		Before: first.Base, After: first.Head, Certainty: "certain: this figure has no noise", Regression: true,
	}
	for i, x := range changes[1:] {
		if i == mostDetails {
			a.Details = append(a.Details, fmt.Sprintf("and %d more", len(changes)-1-i))
			break
		}
		a.Details = append(a.Details, fmt.Sprintf("%s: %s, then %s", strings.TrimSpace(x.Figure+" "+x.Where), orNone(x.Base), orNone(x.Head)))
	}
	return a
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func timing(c diff.Case) Alert {
	t := c.Time
	a := Alert{
		Class: Timing, Title: change(*t.Total, t.Verdict), Before: figure.SampleTime(t.BaseNS, c.Tokens),
		After:    figure.SampleTime(t.HeadNS, c.Tokens),
		ChangeCI: t.Change, Regression: t.Verdict == diff.Slower, Details: c.Notes,
	}
	a.Certainty = fmt.Sprintf("95 %% interval of the case's own part %s; ", figure.Between(t.Change.Lo, t.Change.Hi))
	switch {
	case t.Verdict == diff.Same:
		a.Certainty += "too little to be found by itself; faster than it was in the nights since it was found"
	case t.By == stat.OneCase:
		a.Certainty += fmt.Sprintf("a chance of %s of this in any case if nothing had changed", chance(*t.PFamily))
	default:
		a.Certainty += fmt.Sprintf("seen with its %s", t.By)
	}
	if t.Together > 1 {
		a.Certainty += fmt.Sprintf("; %d nights together", t.Together)
	}
	if t.Step != nil {
		a.step = t.Step.Verdict
	}
	return a
}

func prediction(drifts []diff.PredictionDrift) Alert {
	first := drifts[0]
	a := Alert{
		Class: Prediction, Title: "the prediction of " + first.Figure + " moved, the measurement did not",
		Before: figure.Number(first.Base), After: figure.Number(first.Head), Certainty: "certain", Regression: true,
	}
	for _, d := range drifts[1:] {
		a.Details = append(a.Details, fmt.Sprintf("%s: %s, then %s", d.Figure, figure.Number(d.Base), figure.Number(d.Head)))
	}
	if first.Fit != "" {
		a.Details = append(a.Details, "predicted from fit "+first.Fit)
	}
	return a
}

func change(relative float64, v diff.Verdict) string {
	return fmt.Sprintf("%s %s", figure.Percent(math.Abs(relative)), v)
}

func chance(p float64) string {
	if p < 1e-6 {
		return "less than 1 in a million"
	}
	return fmt.Sprintf("%.2g", p)
}
