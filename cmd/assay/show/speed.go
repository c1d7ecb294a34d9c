package show

import (
	"fmt"
	"io"
	"strings"

	"assay/results"
)

// printHostTime says what of a token's time went into making MLX's graphs, which
// the device does not wait for unless it is faster.
func printHostTime(w io.Writer, records []results.Record, differs []string) {
	var words []string
	for i, r := range records {
		if ns := measured(r).HostNSPerToken; ns != nil {
			words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s %.3g ms", r.Model.Weights(), r.Case.Test()+differs[i], *ns/1e6)))
		}
	}
	if len(words) > 0 {
		fmt.Fprintln(w, Wrapped("host time a token (graphs made and freed): "+strings.Join(words, ", "), ""))
	}
}

// apart returns, for each record, the settings in which it differs from another
// of the same test: what a table must show for its rows to be told apart.
func apart(records []results.Record) []string {
	same := map[string][]int{}
	for i, r := range records {
		test := r.Model.Weights() + " " + r.Case.Test()
		same[test] = append(same[test], i)
	}
	out := make([]string, len(records))
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
