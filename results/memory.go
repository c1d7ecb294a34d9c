package results

import (
	"maps"
	"slices"
	"strings"

	"assay/results/figure"
)

// Memory is what a model and a context take, by what it is for: predicted, or
// as the library reported it, rounded to LogRounding where it only printed it.
type Memory struct {
	WeightBytes  *int64 `json:"weight_bytes,omitempty"`
	KVBytes      *int64 `json:"kv_bytes,omitempty"`
	ComputeBytes *int64 `json:"compute_bytes,omitempty"`
	OutputBytes  *int64 `json:"output_bytes,omitempty"`
	// RepackBytes are copies of weights in a layout that the processor's products want.
	RepackBytes *int64 `json:"repack_bytes,omitempty"`
	// ProcessBytes is what the process holds besides, an estimate.
	ProcessBytes *int64 `json:"process_bytes,omitempty"`
	TotalBytes   *int64 `json:"total_bytes,omitempty"`
	// NotPredicted says of each part that has no prediction why, by the part's name.
	NotPredicted map[string]string `json:"not_predicted,omitempty"`
	// Devices has the parts of each device by its name, where there are several.
	Devices map[string]*Memory `json:"devices,omitempty"`
	// Free is what a device said was free, at three times.
	Free *FreeMemory `json:"free,omitempty"`
	// FootprintBytes is the worker process as the operating system saw it.
	FootprintBytes     *int64 `json:"footprint_bytes,omitempty"`
	PeakFootprintBytes *int64 `json:"peak_footprint_bytes,omitempty"`
}

// FreeMemory is what a device said was free before the model, with it and with a
// context. A Mac's GPU counts what this process took and nobody else's.
type FreeMemory struct {
	BeforeBytes  int64 `json:"before_bytes"`
	ModelBytes   int64 `json:"model_bytes"`
	ContextBytes int64 `json:"context_bytes"`
}

// LogRounding is half of the last digit of sizes that a log prints in MiB with
// two decimals.
const LogRounding = 1<<20/200 + 1

// Part is one part of a memory under the name that it is shown by; nil bytes are
// not known.
type Part struct {
	Name  string
	Bytes *int64
}

// Parts are all parts, in the order in which they are shown.
func (m *Memory) Parts() []Part {
	return []Part{
		{"weights", m.WeightBytes}, {"KV", m.KVBytes}, {"compute", m.ComputeBytes}, {"output", m.OutputBytes},
		{"repacked", m.RepackBytes}, {"process", m.ProcessBytes},
	}
}

// Known is the sum of the parts that are known.
func (m *Memory) Known() (sum int64) {
	for _, p := range m.Parts() {
		if p.Bytes != nil {
			sum += *p.Bytes
		}
	}
	return sum
}

// On is what the device holds of it; all of it where it is not split by devices.
func (m *Memory) On(device string) *Memory {
	if d := m.Devices[device]; d != nil {
		return d
	}
	return m
}

// Need is what must be had for it, and whether that is all: what is not predicted
// is not in it.
func (m *Memory) Need() (bytes int64, all bool) {
	if m.TotalBytes != nil {
		return *m.TotalBytes, true
	}
	return m.Known(), false
}

// String is the total and its parts: "27.01 GiB: weights 20.64 GiB, KV 5.61 GiB,
// …", or "at least …" where a part is not known. Nothing is said of a part that a
// runtime does not have, such as weights that nobody repacks.
func (m *Memory) String() string {
	var parts []string
	for _, p := range m.Parts() {
		switch {
		case p.Bytes == nil:
			parts = append(parts, p.Name+" not predicted")
		case *p.Bytes != 0:
			parts = append(parts, p.Name+" "+figure.Bytes(*p.Bytes))
		}
	}
	n, all := m.Need()
	total := figure.Bytes(n)
	if !all {
		total = "at least " + total
	}
	return total + ": " + strings.Join(parts, ", ")
}

// Why says of each part that is not predicted for what reason, one a line.
func (m *Memory) Why() (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(m.NotPredicted)) {
		lines = append(lines, name+": "+m.NotPredicted[name])
	}
	return lines
}

// TooMuch says by how much more is needed than there is, as "2.26 GiB too much";
// it is empty where it fits.
func TooMuch(need, limit int64) string {
	if need <= limit {
		return ""
	}
	return figure.Bytes(need-limit) + " too much"
}
