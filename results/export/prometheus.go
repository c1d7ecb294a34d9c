package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"assay/results"
)

// metric is a gauge with one sample a case.
type metric struct {
	name, help string
	value      func(results.Record) (float64, bool)
}

var metrics = []metric{
	{"assay_case_ok", "Whether the case succeeded.", func(r results.Record) (float64, bool) {
		if r.Status == results.StatusOK {
			return 1, true
		}
		return 0, r.Status == results.StatusFailed
	}},
	{"assay_case_time_seconds", "When the case was measured.", func(r results.Record) (float64, bool) {
		return float64(r.Time.Unix()), true
	}},
	{"assay_tokens_per_second", "Median speed of the case.", func(r results.Record) (float64, bool) {
		if r.Measured == nil || r.Measured.TokensPerSecond == nil {
			return 0, false
		}
		return r.Measured.TokensPerSecond.Median, true
	}},
	{"assay_kv_bytes", "Size of the KV cache as measured.", func(r results.Record) (float64, bool) {
		if r.Measured == nil || r.Measured.KVBytes == nil {
			return 0, false
		}
		return float64(*r.Measured.KVBytes), true
	}},
	{"assay_kv_residual_bytes", "Measured less predicted size of the KV cache.", func(r results.Record) (float64, bool) {
		if r.Residual == nil || r.Residual.KVBytes == nil {
			return 0, false
		}
		return float64(*r.Residual.KVBytes), true
	}},
	{"assay_flops", "Operations that one sample of the case executed.", func(r results.Record) (float64, bool) {
		if r.Measured == nil || r.Measured.FLOPs == nil {
			return 0, false
		}
		return float64(*r.Measured.FLOPs), true
	}},
	{"assay_seconds_ratio", "Measured over predicted duration.", func(r results.Record) (float64, bool) {
		if r.Residual == nil || r.Residual.SecondsRatio == nil {
			return 0, false
		}
		return *r.Residual.SecondsRatio, true
	}},
}

// writePrometheus writes the last run in the text format that the node
// exporter's textfile collector reads
// (https://prometheus.io/docs/instrumenting/exposition_formats).
func writePrometheus(w io.Writer, runs []results.Run) error {
	if len(runs) == 0 {
		return errors.New("there is no run")
	}
	cases := runs[len(runs)-1].ByKey()
	keys := make([]results.Key, 0, len(cases))
	for key := range cases {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	out := bufio.NewWriter(w)
	for _, m := range metrics {
		header := fmt.Sprintf("# HELP %s %s\n# TYPE %s gauge\n", m.name, m.help, m.name)
		for _, key := range keys {
			if v, ok := m.value(cases[key]); ok {
				fmt.Fprintf(out, "%s%s%s %v\n", header, m.name, labels(cases[key]), v)
				header = ""
			}
		}
	}
	return out.Flush()
}

// labels identify a case; the library's version is not among them, so that a
// series goes on when it changes.
func labels(r results.Record) string {
	return fmt.Sprintf(`{machine="%s",runtime="%s",model="%s",test="%s",case="%s"}`,
		label(r.Host.Machine()), label(r.Runtime.Name), label(r.Model.Name), label(r.Case.Test()), label(string(r.Key())))
}

// label escapes a label's value.
func label(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(results.Printable(s))
}
