package machines

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"assay/predict/table"
)

// Chip is one variant of a chip as its maker describes it.
type Chip struct {
	// Name is the family and tier without spaces: "M2Max".
	Name     string `json:"name"`
	GPUCores int    `json:"gpu_cores"`
	// Bandwidth is the peak of the memory, in bytes a second.
	Bandwidth float64 `json:"bandwidth"`
	// FP16 is the peak of the GPU at 16-bit floats, in operations a second;
	// nil where none is published.
	FP16 *float64 `json:"fp16,omitempty"`
	// Source says which pages the figures are from, or how they were measured.
	Source string `json:"source"`
	// Measured: the figures are of a probe on this machine, not of its maker, and
	// Product is the operations a second that matrix products reached.
	Measured bool     `json:"measured,omitempty"`
	Product  *float64 `json:"product,omitempty"`
}

// ID names the variant: "M2Max-38".
func (c Chip) ID() string { return fmt.Sprintf("%s-%d", c.Name, c.GPUCores) }

// Generation is the chip's family without its tier: "M2".
func (c Chip) Generation() string {
	if len(c.Name) < 2 {
		return c.Name
	}
	return c.Name[:2]
}

// chipRow is a row of chips.csv.
type chipRow struct {
	Chip      string   `csv:"chip"`
	Cores     int      `csv:"gpu_cores"`
	Bandwidth float64  `csv:"bandwidth_GBps"`
	FP16      *float64 `csv:"fp16_tflops,omitempty"`
	Source    string   `csv:"source"`
}

var chips = sync.OnceValue(func() []Chip {
	var list []Chip
	for _, r := range table.Must[chipRow](chipsCSV) {
		c := Chip{Name: r.Chip, GPUCores: r.Cores, Bandwidth: r.Bandwidth * 1e9, Source: r.Source}
		if r.FP16 != nil {
			c.FP16 = new(*r.FP16 * 1e12)
		}
		list = append(list, c)
	}
	return list
})

// Chips lists every variant for which a source was seen, M1 to M5 and what
// came after.
func Chips() []Chip { return slices.Clone(chips()) }

// FindChip returns the variant that a person means by "M2 Max", "Apple M2 Max",
// "m2max-38" or, with gpuCores > 0, by the name and the cores that the machine
// reports. A name that fits several variants is an error listing them.
func FindChip(name string, gpuCores int) (Chip, error) {
	key, cores := chipKey(name)
	if gpuCores > 0 {
		cores = gpuCores
	}
	found := slices.DeleteFunc(variants(key), func(c Chip) bool { return cores != 0 && cores != c.GPUCores })
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Chip{}, fmt.Errorf("no chip %q is known; known are %s, with its GPU cores behind a dash (M4Max-40)", name, chipNames())
	}
	return Chip{}, fmt.Errorf("%q has several variants; say which: %s", name, chipIDs(found))
}

// variants are the chips of one name, whatever their GPU cores.
func variants(name string) []Chip {
	return slices.DeleteFunc(Chips(), func(c Chip) bool { return !strings.EqualFold(c.Name, name) })
}

// chipKey splits "Apple M2 Max-38" into "M2Max" and 38; 0 where no core count is given.
func chipKey(name string) (string, int) {
	name = strings.ReplaceAll(strings.TrimSpace(name), " ", "")
	if rest, ok := strings.CutPrefix(strings.ToLower(name), "apple"); ok {
		name = rest
	}
	key, tail, _ := strings.Cut(name, "-")
	cores, err := strconv.Atoi(tail)
	if err != nil {
		return name[:len(key)], 0
	}
	return key, cores
}

// chipNames lists every chip once, whatever GPUs it comes with.
func chipNames() string {
	var names []string
	for _, c := range Chips() {
		if !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

func chipIDs(chips []Chip) string {
	ids := make([]string, len(chips))
	for i, c := range chips {
		ids[i] = c.ID()
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ", ")
}
