package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"

	"assay/results"
	"assay/results/draw"
	"assay/results/figure"
)

// page is what the template shows.
type page struct {
	Input
	Verdict  string
	Bad      bool
	Facts    []fact
	Unfit    []string
	Failures []results.Record
	Speeds   []speedRow
	Memory   []memoryRow
	// Exact says of how many cases no layer differs, "" if any does.
	Exact string
	// OfSpeed and OfMemory are the pictures below the tables.
	OfSpeed, OfMemory []section
	Refuted           []verdictRow
}

// mostOpen is how long a table may be and still stand open.
const mostOpen = 40

// Open reports whether the table of memory stands open.
func (p page) Open() bool { return len(p.Memory) <= mostOpen }

// Compares reports whether any case has a figure of a run before.
func (p page) Compares() bool {
	return slices.ContainsFunc(p.Speeds, func(r speedRow) bool { return r.Before != "" })
}

// Foretold reports whether any case has a predicted speed.
func (p page) Foretold() bool {
	return slices.ContainsFunc(p.Speeds, func(r speedRow) bool { return r.Predicted != "" })
}

// Spread reports whether any case has an interval.
func (p page) Spread() bool {
	return slices.ContainsFunc(p.Speeds, func(r speedRow) bool { return r.Interval != "" })
}

// Weighed, Summed and Counted report whether any case has its weights, its memory in
// all, or its operations.
func (p page) Weighed() bool {
	return slices.ContainsFunc(p.Memory, func(r memoryRow) bool { return r.Weights != "" })
}

// Summed is as Weighed.
func (p page) Summed() bool {
	return slices.ContainsFunc(p.Memory, func(r memoryRow) bool { return r.Total != "" })
}

// Counted is as Weighed.
func (p page) Counted() bool {
	return slices.ContainsFunc(p.Memory, func(r memoryRow) bool { return r.FLOPs != "" })
}

// fact is a line about the run.
type fact struct{ Name, Value string }

// verdictRow is a rule set that was wrong for one reason, with the case where
// it was furthest off.
type verdictRow struct {
	Rules, Figure, Because string
	Cases                  int
	Worst                  string
	Predicted, Measured    string
	off                    float64
}

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS string

// Style is the look of every page, light and dark.
func Style() template.CSS { return draw.Style() + template.CSS(styleCSS) }

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"p":       results.Printable,
	"style":   Style,
	"several": figure.Several,
	"join":    func(s []string) string { return strings.Join(s, ", ") },
}).Parse(pageHTML))

// HTML writes the report as one file that needs nothing else.
func HTML(w io.Writer, in Input) error {
	if err := pageTemplate.Execute(w, newPage(in)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func newPage(in Input) page {
	var failed []results.Record
	for _, r := range in.Head.Records {
		if r.Outcome() == results.Failed {
			failed = append(failed, r)
		}
	}
	in.Head.Records = slices.Clone(in.Head.Records)
	results.Sort(in.Head.Records)
	named := apart(in.Head.Records)
	speeds, memory := tables(in, named)
	in.Head.Records = named
	p := page{Failures: failed, Input: in, Facts: facts(in), Unfit: results.Count(in.Head.Records).Reasons, Refuted: refuted(in.Head.Records)}
	p.Title = orDefault(in.Title, "assay: run "+in.Head.ID)
	p.Speeds, p.Memory = speeds, memory
	p.OfSpeed, p.OfMemory = sections(in)
	p.Exact = exactLayers(in.Head.Records)
	p.Verdict, p.Bad = verdict(in)
	return p
}

// verdict is the report in one sentence, and whether it is bad news.
func verdict(in Input) (string, bool) {
	count := map[Severity]int{}
	for _, f := range in.Findings {
		count[f.Severity]++
	}
	tally := results.Count(in.Head.Records)
	var parts []string
	add := func(n int, one, many string) {
		if n == 1 {
			parts = append(parts, "1 "+one)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(count[Regression], "regression", "regressions")
	add(count[Changed], "exact figure changed", "exact figures changed")
	add(count[Drift], "prediction drifted", "predictions drifted")
	add(tally.Refuted, "case differs from its prediction", "cases differ from their predictions")
	add(tally.Failed, "case failed", "cases failed")
	bad := len(parts) > 0
	add(tally.Skipped, "case skipped", "cases skipped")
	add(tally.NotPredicted, "case not predicted", "cases not predicted")
	add(count[Improvement], "improvement", "improvements")
	add(count[Missing], "case without a partner", "cases without a partner")
	switch {
	case len(in.Head.Records) == 0:
		return "The run has no records.", true
	case len(parts) > 0:
		return strings.Join(parts, ", ") + " in " + figure.Several(len(in.Head.Records), "case") + ".", bad
	case in.Base != nil:
		return "Nothing moved in " + figure.Several(len(in.Head.Records), "case") + ".", false
	}
	return figure.Several(len(in.Head.Records), "case") + " succeeded and all checks hold.", false
}

// facts says what ran where.
func facts(in Input) []fact {
	all := []fact{{"Run", in.Head.ID}}
	if in.Base != nil {
		all = append(all, fact{"Compared with", in.Base.ID})
	}
	add := func(name string, value func(results.Record) string) {
		var values []string
		for _, r := range in.Head.Records {
			if v := value(r); v != "" && !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		if len(values) > 0 {
			all = append(all, fact{name, strings.Join(values, ", ")})
		}
	}
	if len(in.Head.Records) > 0 {
		all = append(all, fact{"Measured", in.Head.Records[0].Time.Format("2 January 2006 15:04 MST")})
	}
	add("Machine", func(r results.Record) string { return r.Host.Machine() })
	add("Memory", func(r results.Record) string {
		if r.Host.MemoryBytes == 0 {
			return ""
		}
		return figure.Size(float64(r.Host.MemoryBytes))
	})
	add("System", func(r results.Record) string { return strings.TrimSpace(r.Host.OS + " " + r.Host.OSVersion) })
	add("Runtime", func(r results.Record) string { return strings.TrimSpace(r.Runtime.Name + " " + r.Runtime.Version) })
	add("Device", func(r results.Record) string { return r.Runtime.Device })
	add("Power", func(r results.Record) string { return r.Host.Power })
	add("Thermal", func(r results.Record) string { return r.Host.Thermal })
	return all
}

// corrected is the share of one case in a reason; the reasons of many cases are
// one without it.
var corrected = regexp.MustCompile(` \([+-]\d+ once corrected\)`)

// refuted returns the rule sets that were wrong, by figure and reason.
func refuted(records []results.Record) []verdictRow {
	var rows []verdictRow
	place := map[[3]string]int{}
	for _, r := range records {
		for _, v := range r.Verdicts {
			if v.Confirmed {
				continue
			}
			because := corrected.ReplaceAllString(v.Because, "")
			why := [3]string{v.Rules, v.Figure, because}
			i, ok := place[why]
			if !ok {
				i = len(rows)
				place[why] = i
				rows = append(rows, verdictRow{Rules: v.Rules, Figure: v.Figure, Because: because, off: -1})
			}
			rows[i].add(r, v)
		}
	}
	return rows
}

func (row *verdictRow) add(r results.Record, v results.Verdict) {
	row.Cases++
	off := math.Abs(float64(v.Predicted) - float64(v.Measured))
	if off <= row.off {
		return
	}
	format := figure.Count
	if strings.Contains(v.Figure, "bytes") {
		format = figure.Size
	}
	row.off = off
	row.Worst = r.Runtime.Name + " · " + ModelName(r) + " · " + r.Case.Test()
	row.Predicted, row.Measured = format(float64(v.Predicted)), format(float64(v.Measured))
}
