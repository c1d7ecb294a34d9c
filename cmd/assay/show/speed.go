package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"assay/results"
	"assay/results/figure"
	"assay/results/stat"
)

// listedHostTimes are named each; of more cases it is said between what they lie.
const listedHostTimes = 4

// printHostTime says what of a token's time is spent beside the library: going into
// it and back, and where graphs are made anew for every token, making them, for which
// the device does not wait unless it is faster.
func printHostTime(w io.Writer, records []results.Record, differs []string) {
	var words, runtimes []string
	least, most := map[string]float64{}, map[string]float64{}
	for i, r := range records {
		ns := measured(r).HostNSPerToken
		if ns == nil {
			continue
		}
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Model.Weights(), r.Case.Test()+differs[i], hostTime(*ns))))
		name := r.Runtime.Name
		if !slices.Contains(runtimes, name) {
			runtimes, least[name], most[name] = append(runtimes, name), *ns, *ns
		}
		least[name], most[name] = min(least[name], *ns), max(most[name], *ns)
	}
	if len(words) > listedHostTimes {
		words = nil
		for _, name := range runtimes {
			words = append(words, fmt.Sprintf("%s %s to %s", name, hostTime(least[name]), hostTime(most[name])))
		}
	}
	if len(words) > 0 {
		fmt.Fprintln(w, Wrapped("host time a token: "+strings.Join(words, ", "), ""))
	}
}

func hostTime(ns float64) string {
	if ns < 1e5 {
		return fmt.Sprintf("%.2g µs", ns/1e3)
	}
	return fmt.Sprintf("%.3g ms", ns/1e6)
}

// printSpread says how far samples lie apart within a process and between processes,
// as medians over the cases of which that is known.
func printSpread(w io.Writer, records []results.Record) {
	var within, between []float64
	for _, r := range records {
		if s := measured(r).Spread; s != nil {
			within, between = append(within, s.Within), append(between, s.Between)
		}
	}
	if within != nil {
		fmt.Fprintln(w, Wrapped(fmt.Sprintf("samples vary by %s within a process and %s between processes (medians of %s)",
			figure.Percent(stat.Median(within)), figure.Percent(stat.Median(between)), figure.Several(len(within), "case")), ""))
	}
}

// apart returns, for each record, the runtime if there are several, and the settings in
// which it differs from another of the same test in the same runtime: what a table must
// show for its rows to be told apart.
func apart(records []results.Record) []string {
	same := map[string][]int{}
	several := slices.ContainsFunc(records, func(r results.Record) bool { return r.Runtime.Name != records[0].Runtime.Name })
	out := make([]string, len(records))
	for i, r := range records {
		test := r.Model.Weights() + " " + r.Case.Test() + " " + r.Runtime.Name
		same[test] = append(same[test], i)
		if several {
			out[i] = " " + r.Runtime.Name
		}
	}
	for _, at := range same {
		cases := make([]results.Case, len(at))
		for k, i := range at {
			cases[k] = records[i].Case
		}
		for k, words := range results.Apart(cases) {
			for _, word := range words {
				out[at[k]] += " " + word
			}
		}
	}
	return out
}
