package export

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/results"
)

// column is one of the table, with its value of a record; "" is a figure that is
// not known.
type column struct {
	name  string
	value func(results.Record) string
}

// csvColumns are what a case is, its settings, and what was found.
func csvColumns() []column {
	all := slices.Clone(identity)
	for _, s := range results.Settings {
		all = append(all, column{s.Name, func(r results.Record) string { return setting(s, r) }})
	}
	return append(all, figures...)
}

// setting is a setting's value, or empty for one that the case does not have.
func setting(s results.Setting, r results.Record) string {
	v := s.Of(r.Case)
	switch {
	case s.Zero(r.Case) && !(s.CanBeZero() && s.KnownTo(r.Runtime.Name, r.Case.Kind)):
		return ""
	case s.IsNumber():
		return fmt.Sprint(v)
	}
	return text(fmt.Sprint(v))
}

var identity = []column{
	{"run_id", func(r results.Record) string { return r.RunID }},
	{"time", func(r results.Record) string { return r.Time.UTC().Format(time.RFC3339) }},
	{"status", func(r results.Record) string { return string(r.Status) }},
	{"error", func(r results.Record) string { return text(r.Error) }},
	{"machine", func(r results.Record) string { return text(r.Host.Machine()) }},
	{"os", func(r results.Record) string { return text(strings.TrimSpace(r.Host.OS + " " + r.Host.OSVersion)) }},
	{"power", func(r results.Record) string { return text(r.Host.Power) }},
	{"thermal", func(r results.Record) string { return text(r.Host.Thermal) }},
	{"runtime", func(r results.Record) string { return text(r.Runtime.Name) }},
	{"version", func(r results.Record) string { return text(r.Runtime.Version) }},
	{"model", func(r results.Record) string { return text(r.Model.Name) }},
	{"weight_type", func(r results.Record) string { return text(r.Model.Weights()) }},
	{"skeleton", func(r results.Record) string { return text(r.Model.Skeleton) }},
	{"test", func(r results.Record) string { return text(r.Case.Test()) }},
	{"key", func(r results.Record) string { return text(string(r.Key())) }},
	{"kind", func(r results.Record) string { return text(string(r.Case.Kind)) }},
}

var figures = []column{
	{"kv_bytes_predicted", predicted(func(p results.Predicted) string { return whole(p.KVBytes) })},
	{"kv_bytes_measured", measured(func(m results.Measured) string { return whole(m.KVBytes) })},
	{"flops_predicted", predicted(func(p results.Predicted) string { return whole(p.FLOPs) })},
	{"flops_measured", measured(func(m results.Measured) string { return whole(m.FLOPs) })},
	{"tokens_per_second_predicted", predicted(func(p results.Predicted) string {
		if p.TokensPerSecond == nil {
			return ""
		}
		return number(p.TokensPerSecond.Value)
	})},
	{"tokens_per_second_median", speed(func(s results.TokensPerSecond) string { return number(s.Median) })},
	{"tokens_per_second_lo", speed(func(s results.TokensPerSecond) string { return bound(s, 0) })},
	{"tokens_per_second_hi", speed(func(s results.TokensPerSecond) string { return bound(s, 1) })},
	{"samples_ns", measured(func(m results.Measured) string {
		return strings.Trim(strings.ReplaceAll(fmt.Sprint(m.SamplesNS), " ", ";"), "[]")
	})},
}

// writeCSV writes one row a record, with a header.
func writeCSV(w io.Writer, runs []results.Run) error {
	out, columns := csv.NewWriter(w), csvColumns()
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.name
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for _, run := range runs {
		for _, rec := range run.Records {
			for i, c := range columns {
				row[i] = c.value(rec)
			}
			if err := out.Write(row); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// text returns a cell of one printable line that no spreadsheet takes for a
// formula: https://owasp.org/www-community/attacks/CSV_Injection
func text(s string) string {
	s = results.Printable(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

func whole(v *int64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatInt(*v, 10)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 8, 64) }

func bound(s results.TokensPerSecond, i int) string {
	if s.CI95 == nil {
		return ""
	}
	return number(s.CI95[i])
}

func predicted(value func(results.Predicted) string) func(results.Record) string {
	return func(r results.Record) string {
		if r.Predicted == nil {
			return ""
		}
		return value(*r.Predicted)
	}
}

func measured(value func(results.Measured) string) func(results.Record) string {
	return func(r results.Record) string {
		if r.Measured == nil {
			return ""
		}
		return value(*r.Measured)
	}
}

func speed(value func(results.TokensPerSecond) string) func(results.Record) string {
	return measured(func(m results.Measured) string {
		if m.TokensPerSecond == nil {
			return ""
		}
		return value(*m.TokensPerSecond)
	})
}
