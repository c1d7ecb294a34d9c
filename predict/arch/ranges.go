package arch

import (
	"fmt"
	"strings"
)

// Ranges shows sorted layer numbers as people write them, "0-4, 6, 8-10".
// Negative numbers, which stand for what lies outside the layers, are left out;
// "" is none.
func Ranges(layers []int) string {
	var out []string
	for len(layers) > 0 && layers[0] < 0 {
		layers = layers[1:]
	}
	for i := 0; i < len(layers); {
		j := i
		for j+1 < len(layers) && layers[j+1] <= layers[j]+1 {
			j++
		}
		part := fmt.Sprint(layers[i])
		if layers[i] < layers[j] {
			part += fmt.Sprintf("-%d", layers[j])
		}
		out = append(out, part)
		i = j + 1
	}
	return strings.Join(out, ", ")
}
