package report

import (
	_ "embed"
	"strings"

	"assay/results"
	"assay/results/figure"
)

// speedRow is a line of the table of timed cases: measured, beside it what was
// predicted, and the run before.
type speedRow struct {
	Model, Test, Settings           string
	Speed, Interval, Predicted, Off string
	Before, Change                  string
	Status                          string
	OK                              bool
}

// memoryRow is a line of the table of what cases hold and do.
type memoryRow struct {
	Model, Test, Settings                   string
	Weights, KVPredicted, KVMeasured, KVOff string
	Total, FLOPs, FLOPsOff, Status          string
	OK                                      bool
}

// tables are the rows of all cases; named are the records by names that tell them apart.
func tables(in Input, named []results.Record) (speeds []speedRow, memory []memoryRow) {
	before := speedsBefore(in)
	for i, r := range named {
		if r.Case.Tokens() > 0 {
			speeds = append(speeds, newSpeedRow(r, before[in.Head.Records[i].Key()]))
		}
		memory = append(memory, newMemoryRow(r))
	}
	return speeds, memory
}

// status is how a case ended, with the checks that do not hold.
func status(r results.Record) (words string, ok bool) {
	var bad []string
	for _, c := range r.Checks {
		if !c.OK {
			bad = append(bad, c.Name+": "+c.Detail)
		}
	}
	switch {
	case len(bad) > 0:
		return "differs: " + strings.Join(bad, "; "), false
	case r.Outcome() == results.Held && len(r.Checks) > 0:
		return "✓", true
	}
	return r.Outcome().String(), r.Outcome() != results.Failed
}

func newSpeedRow(r results.Record, was float64) speedRow {
	row := speedRow{Model: r.Runtime.Name + " · " + ModelName(r), Test: r.Case.Test(), Settings: r.Case.Variant()}
	row.Status, row.OK = status(r)
	var at *results.Interval
	if r.Predicted != nil {
		at = r.Predicted.TokensPerSecond
	}
	if at != nil {
		row.Predicted = figure.Rate(at.Value)
	}
	if r.Measured == nil || r.Measured.TokensPerSecond == nil {
		return row
	}
	s := r.Measured.TokensPerSecond
	row.Speed = figure.Rate(s.Median)
	if s.CI95 != nil {
		row.Interval = figure.Rate(s.CI95[0]) + " – " + figure.Rate(s.CI95[1])
	}
	if at != nil && at.Value > 0 {
		row.Off = figure.Change(s.Median/at.Value - 1)
	}
	if was > 0 {
		row.Before, row.Change = figure.Rate(was), figure.Change(s.Median/was-1)
	}
	return row
}

func newMemoryRow(r results.Record) memoryRow {
	row := memoryRow{Model: r.Runtime.Name + " · " + ModelName(r), Test: r.Case.Test(), Settings: r.Case.Variant()}
	row.Status, row.OK = status(r)
	if p := r.Predicted; p != nil {
		row.KVPredicted = optional(p.KVBytes, figure.Size)
	}
	if m := r.Measured; m != nil {
		row.Weights, row.KVMeasured, row.FLOPs = optional(m.WeightBytes, figure.Size), optional(m.KVBytes, figure.Size),
			optional(m.FLOPs, figure.Count)
		if m.Memory != nil {
			row.Total = optional(m.Memory.TotalBytes, figure.Size)
		}
	}
	if d := r.Residual; d != nil {
		row.KVOff, row.FLOPsOff = optional(d.KVBytes, figure.SignedSize), optional(d.FLOPs, figure.SignedCount)
	}
	return row
}

// speedsBefore are the medians of the run that this one is compared with, or else of
// the newest before it in each case's history.
func speedsBefore(in Input) map[results.Key]float64 {
	before := map[results.Key]float64{}
	for _, h := range in.Histories {
		for _, p := range h.Points {
			if p.Run == in.Head.ID {
				break
			}
			if p.Median > 0 {
				before[h.Key] = p.Median
			}
		}
	}
	if in.Base == nil || len(in.Base.Records) == 0 {
		return before
	}
	clear(before)
	for key, r := range in.Base.ByKey() {
		if r.Measured != nil && r.Measured.TokensPerSecond != nil {
			before[key] = r.Measured.TokensPerSecond.Median
		}
	}
	return before
}

// optional is a figure, or nothing where it was not measured.
func optional[T int64 | float64](v *int64, format func(T) string) string {
	if v == nil {
		return ""
	}
	return format(T(*v))
}
