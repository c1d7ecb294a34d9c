// Package figure says how a number looks. It does not know who prints it.
package figure

import (
	"fmt"
)

// Bytes prints a size with a unit of 1024, as llama.cpp's log does.
func Bytes(n int64) string {
	const unit = 1024
	if n < unit && n > -unit {
		return fmt.Sprintf("%d B", n)
	}
	value, prefix := float64(n), 0
	for ; value >= unit || value <= -unit; prefix++ {
		value /= unit
	}
	return fmt.Sprintf("%.2f %ciB", value, " KMGTPE"[prefix])
}
