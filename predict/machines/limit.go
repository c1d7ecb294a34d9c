package machines

import (
	"fmt"
	"sync"

	"assay/predict/table"
)

// Limit is what macOS lets a GPU hold of a machine's memory, where nobody set
// another limit (sysctl iogpu.wired_limit_mb).
type Limit struct {
	Bytes int64 `json:"bytes"`
	// Readings is the number of machines on which exactly this was read; 0 where
	// the share of a smaller machine stands in, and Basis says so in a sentence.
	Readings int    `json:"readings"`
	Basis    string `json:"basis"`
}

// limitRow is a row of limits.csv.
type limitRow struct {
	MacOS    int    `csv:"macos"`
	GiB      int64  `csv:"memory_gib"`
	MiB      int64  `csv:"limit_mib"`
	Readings int    `csv:"readings"`
	Source   string `csv:"source"`
}

var limits = sync.OnceValue(func() []limitRow { return table.Must[limitRow](limitsCSV) })

// newRules is the release from which macOS gives a GPU more (seen on 26; 16 to
// 25 were never released).
const newRules = 26

// GPULimit is what a GPU may hold of memoryBytes under a macOS of that major
// version; 0 is the newest. A size that no reading is of takes the share of the
// next smaller one, which in all readings is no more than its own would be.
func GPULimit(memoryBytes int64, macOS int) (Limit, error) {
	era := newRules
	if macOS > 0 && macOS < newRules {
		era = newRules - 11
	}
	var at *limitRow
	for _, r := range limits() {
		if r.MacOS == era && r.GiB<<30 <= memoryBytes {
			at = &r
		}
	}
	if at == nil {
		return Limit{}, fmt.Errorf("no Mac with Apple silicon has %d MiB of memory: the smallest has 8 GiB", memoryBytes>>20)
	}
	l := Limit{Bytes: int64(float64(at.MiB<<20) * float64(memoryBytes) / float64(at.GiB<<30)), Readings: at.Readings, Basis: at.Source}
	if at.GiB<<30 != memoryBytes || at.Readings == 0 {
		l.Readings, l.Basis = 0, fmt.Sprintf("no reading of a machine with %d GiB is known; the share of the next smaller one is taken",
			memoryBytes>>30)
	}
	return l, nil
}
