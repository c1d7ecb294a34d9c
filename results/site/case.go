package site

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"assay/results/figure"
	"assay/results/report"
	"assay/results/trend"
)

// caseData is the page of one case.
type caseData struct {
	Made                          time.Time
	Machine, Title, Settings, Key string
	State                         state
	Figure, Predicted             string
	Picture                       *report.Picture
	Changes                       []change
	Nights                        []night
	More                          int
}

// change is a place where a history changed.
type change struct {
	Day, Figure, Before, After, Change, Interval string
	Also                                         []string
	Compare                                      string
}

// night is one run in the table of a case.
type night struct {
	Day, Run, Figure, Interval, KV, Page string
}

// mostNights is how many of a case's runs its page lists.
const mostNights = 30

func newCasePage(m Machine, i int, newest string) caseData {
	c := m.Cases[i]
	d := caseData{
		Machine: m.Name, Title: report.ModelName(c.Record) + " · " + c.Record.Case.Test(), Key: string(c.History.Key),
		Settings: strings.TrimSpace(c.Record.Runtime.Name + " " + c.Record.Case.Variant()), State: c.state(m, i, newest),
	}
	d.Figure, _ = c.figure()
	if p := c.Record.Predicted; p != nil && p.TokensPerSecond != nil {
		d.Predicted = figure.Rate(p.TokensPerSecond.Value) + " t/s"
	}
	if f, ok := report.HistoryPicture(c.History); ok {
		d.Picture = &f
	}
	for _, ch := range slices.Backward(m.Trend.Cases[i].Changes) {
		d.Changes = append(d.Changes, newChange(m, ch, &c))
	}
	withPage := map[string]string{}
	for _, r := range m.Runs {
		if r.Report != nil {
			withPage[r.ID] = "../" + runPage(r)
		}
	}
	points := c.History.Points
	d.More = max(0, len(points)-mostNights)
	for k := len(points) - 1; k >= d.More; k-- {
		p := points[k]
		n := night{Day: day(p.Time), Run: p.Run, Page: withPage[p.Run]}
		if p.Median > 0 {
			n.Figure = figure.Rate(p.Median)
		}
		if p.Lo < p.Hi {
			n.Interval = figure.Rate(p.Lo) + " – " + figure.Rate(p.Hi)
		}
		if kv, ok := at(c.KVBytes, k); ok {
			n.KV = figure.Size(float64(kv))
		}
		d.Nights = append(d.Nights, n)
	}
	return d
}

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

var figureNames = map[string]string{"time": "tokens/s", "kv_bytes": "KV cache", "flops": "operations"}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// query names two runs of a machine for the page that compares them.
func query(machine, base, head string) string {
	return url.Values{"m": {short(machine)}, "a": {base}, "b": {head}}.Encode()
}
