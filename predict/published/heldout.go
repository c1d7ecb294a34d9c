package published

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"assay/predict/table"
)

//go:embed data/heldout.csv
var heldOutCSV string

// heldOut is a row of heldout.csv: how far the model of a Mac is off when rows
// that share something are left out of its fit together.
type heldOut struct {
	Kind string `csv:"kind"`
	// By is what was left out together: model, chip or source.
	By      string `csv:"by"`
	Runtime string `csv:"runtime"`
	Rows    int    `csv:"rows"`
	// Median and P90 are of |predicted/measured - 1| of tokens a second, Inside
	// the share within the 95 % interval, in per cent.
	Median float64 `csv:"median"`
	P90    float64 `csv:"p90"`
	Inside float64 `csv:"inside"`
}

// heldOutWords sums the table up: "7 to 8 % in decode and 8 to 12 % in prefill (medians)".
var heldOutWords = sync.OnceValue(func() string {
	var parts []string
	for _, kind := range []string{"decode", "prefill"} {
		low, high := 0.0, 0.0
		for _, h := range table.Must[heldOut](heldOutCSV) {
			if h.Kind != kind || h.Runtime != "all" {
				continue
			}
			if low == 0 || h.Median < low {
				low = h.Median
			}
			high = max(high, h.Median)
		}
		parts = append(parts, fmt.Sprintf("%.0f to %.0f %% in %s", low, high, kind))
	}
	return strings.Join(parts, " and ") + " (medians)"
})
