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
)

// Class is what kind of thing moved.
type Class string

// The classes of alert.
const (
	Exact      Class = "exact"      // a figure without noise changed
	Timing     Class = "timing"     // a timed case got slower or faster
	Prediction Class = "prediction" // a prediction moved, not the machine
	Failure    Class = "failure"    // a case no longer succeeds
	Machine    Class = "machine"    // everything got slower or faster together
)

// Alert is one thing that moved.
type Alert struct {
	// ID is the same from night to night for the same thing.
	ID    string      `json:"id"`
	Class Class       `json:"class"`
	Key   results.Key `json:"key,omitempty"`
	// Name is the case as people call it: its model and test.
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
	// Details are further lines, such as the layers that changed.
	Details []string `json:"details,omitempty"`
	// AlsoChanged is what else differs between the sides.
	AlsoChanged []diff.Difference `json:"also_changed"`
	// Reproduce is the command that measures the case again.
	Reproduce string `json:"reproduce,omitempty"`
	// State and Since come from the memory of earlier nights.
	State State     `json:"state,omitempty"`
	Since time.Time `json:"since"`
	Run   string    `json:"run"`
	Base  string    `json:"base"`
}

// FromDiff lists what moved, regressions first.
func FromDiff(d diff.Diff) []Alert {
	alerts := []Alert{}
	add := func(a Alert) {
		a.ID = strings.TrimSpace(string(a.Class) + " " + string(a.Key))
		a.AlsoChanged, a.Run, a.Base, a.Since = d.Differs, d.Head.Run, d.Base.Run, d.Head.Time
		alerts = append(alerts, a)
	}
	if c := d.Common; c != nil && c.Verdict != diff.Same {
		add(machine(*c))
	}
	for _, c := range d.Cases {
		for _, a := range fromCase(c) {
			a.Key, a.Name, a.Reproduce = c.Key, strings.TrimSpace(c.Model+" "+c.Test), Reproduce(c)
			add(a)
		}
	}
	slices.SortStableFunc(alerts, func(a, b Alert) int {
		switch {
		case a.Regression == b.Regression:
			return 0
		case a.Regression:
			return -1
		}
		return 1
	})
	return alerts
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
	if t := c.Time; t != nil && (t.Verdict == diff.Slower || t.Verdict == diff.Faster) {
		out = append(out, timing(c))
	}
	if len(c.Predictions) > 0 {
		out = append(out, prediction(c.Predictions))
	}
	return out
}

func machine(c diff.Common) Alert {
	return Alert{
		Class: Machine, Title: "all timed cases together: " + change(c.Change.Value, c.Verdict),
		Certainty: "95 % interval " + figure.Between(c.Change.Lo, c.Change.Hi), ChangeCI: &c.Change, Regression: c.Verdict == diff.Slower,
		Details: []string{fmt.Sprintf("the machine itself drifted by %s within the runs", figure.Percent(c.Drift))},
	}
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
		Class: Timing, Title: change(t.Change.Value, t.Verdict), Before: figure.SampleTime(t.BaseNS, c.Tokens), After: figure.SampleTime(t.HeadNS, c.Tokens),
		ChangeCI: t.Change, Regression: t.Verdict == diff.Slower, Details: c.Notes,
	}
	a.Certainty = fmt.Sprintf("95 %% interval %s; a chance of %s of this in any case if nothing had changed",
		figure.Between(t.Change.Lo, t.Change.Hi), chance(*t.PFamily))
	if t.Nights > 1 {
		a.Certainty += fmt.Sprintf("; %d nights together", t.Nights)
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
