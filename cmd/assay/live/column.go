package live

import (
	"fmt"
	"slices"
	"strings"

	"assay/cmd/assay/show"
	"assay/harness/run"
	"assay/harness/subject"
	"assay/results"
	"assay/results/figure"
)

// rowColumn is one of the table of timed cases.
type rowColumn struct {
	head  string
	width int
	left  bool
	cell  func(results.Record) string
	// spare is the order in which columns are left out where 80 do not hold all;
	// those with 0 stay.
	spare int
}

// widest is the terminal that tables keep to.
const widest = show.Columns

// columnsOf are the columns for a run of timed cases: what differs between the cases,
// what was measured, and what it is set beside.
func columnsOf(p run.Planned) []rowColumn {
	timed, first := p.Items, &firsts{}
	var all []rowColumn
	if names := namesOf(timed); names.several() {
		all = append(all,
			rowColumn{head: "model", width: names.width(), left: true, cell: names.of},
			rowColumn{head: "size", width: 8, cell: sizeCell, spare: 2})
	}
	if names := namesOf(timed); len(names.runtimes) > 1 {
		all = append(all, rowColumn{head: "runtime", width: 9, left: true, cell: func(r results.Record) string { return r.Runtime.Name }})
	}
	settings := varying(timed)
	for _, s := range settings {
		head := s.Name // as llama-bench calls its columns
		if len(head) > 8 || len(settings) > 2 {
			head = s.Flag
		}
		all = append(all, settingColumn(s, head, timed))
	}
	all = append(all,
		rowColumn{head: "test", width: testWidth(timed), left: true, cell: func(r results.Record) string { return r.Case.Test() }},
		rowColumn{head: "t/s", width: 13, cell: speedCell},
	)
	if first.compares(timed) {
		all = append(all, rowColumn{head: "vs first", width: 8, cell: first.cell, spare: 1})
	}
	if p.Suite.Samples*p.Suite.Rounds >= 6 {
		all = append(all, rowColumn{head: "95 %", width: 13, cell: intervalCell, spare: 3})
	}
	if p.Foretold {
		all = append(all,
			rowColumn{head: "predicted", width: 9, cell: foretoldCell, spare: 1},
			rowColumn{head: "off by", width: 8, cell: offCell, spare: 1})
	}
	return fitting(append(all,
		rowColumn{head: "memory", width: 9, cell: memoryCell, spare: 4},
		rowColumn{head: "", width: 1, left: true, cell: show.Mark}))
}

// fitting leaves out columns, the one that is spared most easily first, until the
// rest fits; a model's name gives way at last.
func fitting(all []rowColumn) []rowColumn {
	for {
		width, most := -2, 0
		wide := slices.IndexFunc(all, func(c rowColumn) bool { return c.head == "model" })
		for _, c := range all {
			width += c.width + 2
			most = max(most, c.spare)
		}
		if width > widest && most == 0 && wide >= 0 {
			all[wide].width = max(shortestName, all[wide].width-(width-widest))
		}
		if width <= widest || most == 0 {
			return all
		}
		all = slices.DeleteFunc(all, func(c rowColumn) bool { return c.spare == most })
	}
}

func settingColumn(s results.Setting, head string, items []subject.Item) rowColumn {
	width := len(head)
	cell := func(c results.Case) string {
		if on, ok := s.Of(c).(bool); ok {
			return map[bool]string{true: "1", false: "0"}[on]
		}
		return show.Clip(show.Safe(fmt.Sprint(s.Of(c))), 12)
	}
	for _, it := range items {
		width = max(width, len([]rune(cell(it.Case))))
	}
	return rowColumn{head: head, width: width, left: !s.IsNumber(), cell: func(r results.Record) string { return cell(r.Case) }}
}

// varying are the settings in which items of one model and test differ.
func varying(items []subject.Item) []results.Setting {
	var names []string
	for _, same := range sweeps(items) {
		for _, s := range results.Varying(casesOf(same)) {
			names = append(names, s.Name)
		}
	}
	return slices.DeleteFunc(slices.Clone(results.Settings), func(s results.Setting) bool { return !slices.Contains(names, s.Name) })
}

// sweeps are the items of one model and test, by itemKey.
func sweeps(items []subject.Item) map[string][]subject.Item {
	same := map[string][]subject.Item{}
	for _, it := range items {
		key := itemKey(it)
		same[key] = append(same[key], it)
	}
	return same
}

func casesOf(items []subject.Item) []results.Case {
	cases := make([]results.Case, len(items))
	for i, it := range items {
		cases[i] = it.Case
	}
	return cases
}

// itemKey is the model and test of an item, in its runtime.
func itemKey(it subject.Item) string {
	return sweepKey(results.Record{
		Runtime: results.Runtime{Name: it.Runtime}, Case: it.Case,
		Model: results.Model{Ref: it.Ref, Skeleton: it.Skeleton, WeightType: it.WeightType},
	})
}

func testWidth(items []subject.Item) int {
	width := len("test")
	for _, it := range items {
		width = max(width, len(it.Case.Test()))
	}
	return min(width, 24)
}

func speedCell(r results.Record) string {
	tps := show.OrEmpty(r.Measured).TokensPerSecond
	if tps == nil {
		return string(r.Status)
	}
	if tps.Stddev == nil {
		return figure.Rate(tps.Median)
	}
	return figure.PlusMinus(tps.Median, *tps.Stddev)
}

func intervalCell(r results.Record) string {
	tps := show.OrEmpty(r.Measured).TokensPerSecond
	if tps == nil || tps.CI95 == nil {
		return "-"
	}
	return figure.Rate(tps.CI95[0]) + " – " + figure.Rate(tps.CI95[1])
}

func foretoldCell(r results.Record) string {
	if at := show.OrEmpty(r.Predicted).TokensPerSecond; at != nil {
		return figure.Rate(at.Value)
	}
	return "-"
}

// offCell is measured over predicted speed.
func offCell(r results.Record) string {
	at, tps := show.OrEmpty(r.Predicted).TokensPerSecond, show.OrEmpty(r.Measured).TokensPerSecond
	if at == nil || tps == nil || at.Value <= 0 {
		return "-"
	}
	return figure.Change(tps.Median/at.Value - 1)
}

// sizeCell is that of the weights.
func sizeCell(r results.Record) string {
	if n := r.Model.WeightBytes; n != nil {
		return figure.Size(float64(*n))
	}
	return "-"
}

// memoryCell is what weights, cache and buffers took, as the library counts them.
func memoryCell(r results.Record) string {
	m := show.OrEmpty(r.Measured)
	if m.WeightBytes == nil || m.KVBytes == nil {
		return "-"
	}
	total := *m.WeightBytes + *m.KVBytes
	if m.Memory != nil {
		total += show.OrEmpty(m.Memory.ComputeBytes) + show.OrEmpty(m.Memory.OutputBytes) + show.OrEmpty(m.Memory.RepackBytes)
	}
	return figure.Size(float64(total))
}

// firsts are the first case of each model and test, which the others of a sweep are
// compared with.
type firsts struct{ speed map[string]float64 }

func sweepKey(r results.Record) string {
	return strings.Join([]string{r.Runtime.Name, r.Model.Ref, r.Model.Skeleton, r.Model.WeightType, r.Case.Test()}, "\x00")
}

// compares reports whether any test of a model is run with several settings.
func (*firsts) compares(items []subject.Item) bool {
	seen := map[string]bool{}
	for _, it := range items {
		key := itemKey(it)
		if seen[key] {
			return true
		}
		seen[key] = true
	}
	return false
}

func (f *firsts) cell(r results.Record) string {
	tps := show.OrEmpty(r.Measured).TokensPerSecond
	if tps == nil {
		return "-"
	}
	key := sweepKey(r)
	if at, ok := f.speed[key]; ok {
		return figure.Change(tps.Median/at - 1)
	}
	if f.speed == nil {
		f.speed = map[string]float64{}
	}
	f.speed[key] = tps.Median
	return "-"
}
