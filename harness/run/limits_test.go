package run

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

// A model is held against the devices that hold a part of it, and no other.
func TestLimitsAreThoseOfWhatHoldsTheModel(t *testing.T) {
	gpu := func(name string, total int64) results.Device {
		return results.Device{Name: name, Type: "GPU", TotalBytes: &total}
	}
	one := results.Runtime{Device: "A", Devices: []results.Device{gpu("A", 10), {Name: "CPU", Type: "CPU", TotalBytes: new(int64(99))}}}
	two := results.Runtime{Device: "A", Devices: []results.Device{gpu("A", 10), gpu("B", 20)}}
	h := results.Host{FreeMemoryBytes: new(int64(50))}
	held := func(names ...string) *results.Memory {
		m := &results.Memory{Devices: map[string]*results.Memory{}}
		for _, name := range names {
			m.Devices[name] = &results.Memory{}
		}
		return m
	}
	for _, tc := range []struct {
		name string
		lib  results.Runtime
		need *results.Memory
		want []string
	}{
		{"all of it on the one GPU", one, &results.Memory{}, []string{"A", ""}},
		{"none of it on the GPU", one, held("CPU"), []string{""}},
		{"parts on both", two, held("A", "B", "CPU"), []string{"A", "B", ""}},
		{"the second alone", two, held("B", "CPU"), []string{"B", ""}},
		{"not known which", two, &results.Memory{}, []string{""}},
		{"no GPU", results.Runtime{Device: "CPU"}, &results.Memory{}, []string{""}},
	} {
		var got []string
		for _, l := range limits(tc.lib, tc.need, h) {
			got = append(got, l.device)
		}
		assert.Equal(t, tc.want, got, tc.name)
	}
}
