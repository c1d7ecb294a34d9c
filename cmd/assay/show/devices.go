package show

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/results"
)

// printDevices prints what each device holds, where there are several: predicted, and
// behind a stroke what the library reported. What cases have alike is said once.
func printDevices(w io.Writer, records []results.Record) {
	var rows []table.Row
	said := map[string]bool{}
	differ := apart(records)
	for i, r := range records {
		m := measured(r).Memory
		if m == nil || len(m.Devices) < 2 {
			continue
		}
		of := caseName(r.Case, differ[i])
		for _, device := range slices.Sorted(maps.Keys(m.Devices)) {
			row := deviceRow(device, predicted(r).Memory, m.Devices[device])
			key := fmt.Sprint(of, row)
			if said[key] {
				continue
			}
			said[key] = true
			rows = append(rows, append(table.Row{of}, row...))
			of = ""
		}
	}
	if rows == nil {
		return
	}
	fmt.Fprintln(w, "\nby device, predicted | reported")
	t := NewTable(w, table.Row{"case", "device", "weights", "cache", "graphs", "output", "was free"}, "weights", "cache", "graphs",
		"output", "was free")
	for _, row := range rows {
		t.AppendRow(row)
	}
	t.Render()
	for _, line := range tooMuch(records) {
		fmt.Fprintln(w, Wrapped(Safe(line), ""))
	}
}

// tooMuch says which devices are asked for more than they had free: what is predicted of
// one and what was reported, the larger of each part.
func tooMuch(records []results.Record) (lines []string) {
	for _, r := range records {
		m, p := measured(r).Memory, predicted(r).Memory
		if m == nil || p == nil || len(m.Devices) < 2 {
			continue
		}
		for _, device := range slices.Sorted(maps.Keys(m.Devices)) {
			got, want := m.Devices[device], p.Devices[device]
			if want == nil || got.Free == nil {
				continue
			}
			need := larger(want.WeightBytes, got.WeightBytes) + larger(want.KVBytes, got.KVBytes) + larger(want.ComputeBytes, got.ComputeBytes)
			line := fmt.Sprintf("%s is asked for %s and had %s free: ", device, bytesOf(&need), bytesOf(&got.Free.BeforeBytes))
			if more := results.TooMuch(need, got.Free.BeforeBytes); more != "" && !slices.Contains(lines, line+more) {
				lines = append(lines, line+more)
			}
		}
	}
	return lines
}

func larger(a, b *int64) (most int64) {
	for _, n := range []*int64{a, b} {
		if n != nil {
			most = max(most, *n)
		}
	}
	return most
}

// deviceRow is a device with its parts of a prediction, which may not have it.
func deviceRow(name string, p, m *results.Memory) table.Row {
	want := &results.Memory{}
	if p != nil && p.Devices[name] != nil {
		want = p.Devices[name]
	}
	free := "-"
	if m.Free != nil {
		free = bytesOf(&m.Free.BeforeBytes)
	}
	return table.Row{name, both(want.WeightBytes, m.WeightBytes), both(want.KVBytes, m.KVBytes), both(want.ComputeBytes, m.ComputeBytes),
		both(want.OutputBytes, m.OutputBytes), free}
}

// both are two sizes of which one or both may not be known.
func both(p, m *int64) string {
	if m == nil || *m == 0 {
		m = nil
	}
	if p == nil || *p == 0 && m == nil {
		p = nil
	}
	if p == nil && m == nil {
		return "-"
	}
	return bytesOf(p) + " | " + bytesOf(m)
}

// caseName is what tells a case from others of its test, or what is not usual in it.
func caseName(c results.Case, differs string) string {
	return orDash(cmp.Or(strings.TrimSpace(differs), c.Variant()))
}
