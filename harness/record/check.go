package record

import (
	"fmt"

	"assay/results"
)

// equal checks a figure where both sides have it; found is how the second was.
func equal(figure, found, unit string, p, m *int64) []results.Check {
	if p == nil || m == nil {
		return nil
	}
	c := results.Check{Name: figure + " predicted = " + found, OK: *p == *m}
	if !c.OK {
		c.Detail = fmt.Sprintf("predicted %d, %s %d %s", *p, found, *m, unit)
	}
	return []results.Check{c}
}
