package nightly

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"assay/results"
	"assay/results/alert"
	"assay/results/figure"
)

// sentences say what there is to know of the night besides its alerts.
func (n Night) sentences() []string {
	var out []string
	add := func(say bool, format string, args ...any) {
		if say {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(true, "run %s: %s, %d failed or skipped, %d with a refuted prediction", n.Run, figure.Several(n.Cases, "case"), n.Failed, n.Refuted)
	add(n.NotPredicted > 0, "not predicted: %s, measured all the same", figure.Several(n.NotPredicted, "case"))
	add(n.Resumed, "it goes on with a run that was interrupted")
	add(len(n.Unfit) > 0, "the machine was not fit: %s; such timings are neither judged nor a baseline", strings.Join(alike(n.Unfit), "; "))
	for _, d := range n.Canary {
		add(true, "%s", d)
	}
	add(n.First && n.Adopted > 0, "the first night on this machine of %s: it is the baseline from now on", figure.Several(n.Adopted, "case"))
	add(n.First && n.Adopted == 0, "the first night of these cases on this machine, and not fit to be their baseline")
	add(!n.First && n.Adopted > 0, "new, with a baseline from now on: %s", figure.Several(n.Adopted, "case"))
	add(n.NotJudged != "", "not judged: %s", n.NotJudged)
	if n.Diff != nil {
		against := "judged against the baseline " + n.Diff.Base.Run
		if n.Diff.Nights > 0 {
			against += fmt.Sprintf(", speeds against %s before", figure.Several(n.Diff.Nights, "night"))
		}
		add(true, "%s", against)
		for _, g := range n.Diff.Groups {
			add(true, "%s", g)
		}
		for _, w := range n.Diff.Warnings {
			add(true, "%s", w)
		}
	}
	if quiet := len(n.Alerts) - len(alert.Loud(n.Alerts)); quiet > 0 {
		add(true, "announced before and going on: %s", figure.Several(quiet, "known alert"))
	}
	for _, w := range n.Warnings {
		add(true, "warning: %s", w)
	}
	return out
}

// WriteText writes the night for a terminal.
func (n Night) WriteText(w io.Writer) error {
	for _, s := range n.sentences() {
		if _, err := fmt.Fprintln(w, results.Printable(s)); err != nil {
			return err
		}
	}
	for _, a := range alert.Loud(n.Alerts) {
		if _, err := fmt.Fprintf(w, "\n%s", alert.Text(a)); err != nil {
			return err
		}
	}
	return nil
}

// WriteMarkdown writes the night for a job's summary or a message.
func (n Night) WriteMarkdown(w io.Writer) error {
	for _, s := range n.sentences() {
		if _, err := fmt.Fprintf(w, "- %s\n", results.CodeSpan(s)); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	return alert.WriteMarkdown(w, alert.Loud(n.Alerts))
}

var figures = regexp.MustCompile(`[0-9]+(?:[.,][0-9]+)?`)

// alike puts reasons together that differ in their figures alone: the first of each,
// and how many more there are.
func alike(reasons []string) []string {
	var out []string
	more, place := []int{}, map[string]int{}
	for _, why := range reasons {
		kind := figures.ReplaceAllString(why, "#")
		i, seen := place[kind]
		if !seen {
			place[kind] = len(out)
			out, more = append(out, why), append(more, 0)
			continue
		}
		more[i]++
	}
	for i, n := range more {
		if n > 0 {
			out[i] += fmt.Sprintf(" (and so %s more)", figure.Several(n, "time"))
		}
	}
	return out
}
