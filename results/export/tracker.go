package export

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"assay/results"
)

// caseName is a case as people say it, for tools that know a benchmark by its name.
func caseName(r results.Record) string {
	words := []string{r.Runtime.Name, r.Model.Called()}
	for _, more := range []string{r.Model.Weights(), r.Model.Skeleton, r.Case.Test(), r.Case.Variant()} {
		if more != "" {
			words = append(words, more)
		}
	}
	return results.Printable(strings.Join(words, " · "))
}

// writeActionBenchmark writes the speeds of the last run for github-action-benchmark,
// as its tool customBiggerIsBetter reads them
// (https://github.com/benchmark-action/github-action-benchmark, README, "Supported
// Tools"): name, unit, value, and the range as text.
func writeActionBenchmark(w io.Writer, runs []results.Run) error {
	type entry struct {
		Name  string  `json:"name"`
		Unit  string  `json:"unit"`
		Value float64 `json:"value"`
		Range string  `json:"range,omitempty"`
		Extra string  `json:"extra,omitempty"`
	}
	all := []entry{}
	for _, r := range lastTimed(runs) {
		s := r.Measured.TokensPerSecond
		e := entry{Name: caseName(r), Unit: "tokens/s", Value: s.Median, Extra: results.Printable(r.Runtime.Version + " on " + r.Host.Machine())}
		if s.Stddev != nil {
			e.Range = fmt.Sprintf("± %.4g", *s.Stddev)
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		return fmt.Errorf("no case was timed and succeeded, and the format holds no others")
	}
	return indented(w, all)
}

// writeBencher writes the last run as Bencher Metric Format
// (https://bencher.dev/docs/reference/bencher-metric-format/): by case and measure a
// value with its bounds.
func writeBencher(w io.Writer, runs []results.Run) error {
	type metric struct {
		Value float64  `json:"value"`
		Lower *float64 `json:"lower_value,omitempty"`
		Upper *float64 `json:"upper_value,omitempty"`
	}
	all := map[string]map[string]metric{}
	for _, r := range last(runs) {
		if r.Status != results.StatusOK || r.Measured == nil {
			continue
		}
		of := map[string]metric{}
		if s := r.Measured.TokensPerSecond; s != nil {
			m := metric{Value: s.Median}
			if s.CI95 != nil {
				m.Lower, m.Upper = &s.CI95[0], &s.CI95[1]
			}
			of["throughput"] = m
		}
		if kv := r.Measured.KVBytes; kv != nil {
			of["kv-bytes"] = metric{Value: float64(*kv)}
		}
		if len(of) > 0 {
			all[caseName(r)] = of
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("no case succeeded, and the format holds no others")
	}
	return indented(w, all)
}

func indented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// last are the records of the last run.
func last(runs []results.Run) []results.Record {
	if len(runs) == 0 {
		return nil
	}
	return runs[len(runs)-1].Records
}

// lastTimed are those of them that were timed.
func lastTimed(runs []results.Run) []results.Record {
	var timed []results.Record
	for _, r := range last(runs) {
		if r.Status == results.StatusOK && r.Measured != nil && r.Measured.TokensPerSecond != nil {
			timed = append(timed, r)
		}
	}
	return timed
}
