package site

import (
	"slices"
	"strings"
	"time"

	"assay/results/draw"
	"assay/results/figure"
	"assay/results/report"
)

// caseData is the page of one case.
type caseData struct {
	Made                          time.Time
	Machine, Title, Settings, Key string
	State                         state
	Figure, Predicted             string
	Picture                       *draw.Picture
	Changes                       []change
	Nights                        []night
	More                          int
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
