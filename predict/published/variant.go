package published

import (
	"fmt"
	"strings"

	"assay/predict/machines"
)

// variant is the chip of that name: with the memory in GB, the one that was sold
// with it; of several, the one with most GPU cores.
func variant(name string, memory *float64) (machines.Chip, error) {
	words := name
	if memory != nil {
		words += fmt.Sprintf(" %dGB", int(*memory))
	}
	m, err := machines.Find(words)
	if err != nil && m.Chip.GPUCores == 0 {
		return machines.Chip{}, err
	}
	return m.Chip, nil
}

func errNoShape(model string, known []string) error {
	return fmt.Errorf("figures.csv has a model %q of which models.csv has no shape; it has %s", model, strings.Join(known, ", "))
}
