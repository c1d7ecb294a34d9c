package llama

import (
	"regexp"
	"strconv"
	"strings"
)

// ReportPrecision is the rounding of the sizes in the log, 0.01 MiB in bytes: a
// size in a Report is within half of it, per line that was added up.
const ReportPrecision = 1 << 20 / 100

// Report is what the library printed about memory while a model was loaded or
// a context made.
type Report struct {
	// Caches are the context's memories in the order of their making: a global
	// and a windowed one, or an attention and a recurrent one.
	Caches []CacheReport
	// Buffers are the allocations, one per kind and device.
	Buffers []BufferReport
	// Settings are llama_context's own words, such as kv_unified: "true".
	Settings map[string]string
	// GraphNodes and GraphSplits describe the graph of a full micro-batch; nil
	// when they were not printed.
	GraphNodes, GraphSplits *int
}

// CacheReport is one memory of a context. Sizes are rounded to 0.01 MiB.
type CacheReport struct {
	// Recurrent is true for a state whose size does not grow with the context;
	// K is then the convolution state, V the recurrent state.
	Recurrent     bool
	Cells, Layers int
	// Seqs is n_seq_max, Streams the number of sequences with cells of their own.
	Seqs, Streams  int
	TypeK, TypeV   string
	KBytes, VBytes int64
	Bytes          int64
	// LayerIDs are the layers that it holds, Filtered those that another holds.
	LayerIDs, Filtered []int
}

// BufferReport is one allocation. Bytes are rounded to 0.01 MiB.
type BufferReport struct {
	// Kind is "model", "KV", "RS", "output" or "compute".
	Kind   string
	Device string
	Bytes  int64
}

// The lines, as b6673 to v0.7.0 print them; the function's name before the
// colon moves from release to release and is not looked at.
var (
	layerLine  = regexp.MustCompile(`layer +([0-9]+): (dev = |filtered|skipped|does not have KV cache)`)
	cacheLine  = regexp.MustCompile(`: size = +([0-9.]+) MiB \( *([0-9]+) cells, +([0-9]+) layers, +([0-9]+)(?:/([0-9]+))? seqs(?: +[0-9]+ rs_seq)?\), ([KR]) \(([a-z0-9_]+)\): +([0-9.]+) MiB, [VS] \(([a-z0-9_]+)\): +([0-9.]+) MiB`)
	bufferLine = regexp.MustCompile(`: +(.+?) +(model|KV|RS|output|compute) buffer size = +([0-9.]+) MiB`)
	graphLine  = regexp.MustCompile(`graph:? (nodes|splits) += ([0-9]+)(?:.*?splits = ([0-9]+))?`)
	setting    = regexp.MustCompile(`^llama_context: ([a-z_]+) += (\S+)$`)
)

// ParseReport reads the lines that the library printed.
func ParseReport(lines []Line) Report {
	r := Report{Settings: map[string]string{}}
	var pending CacheReport
	for _, line := range lines {
		text := line.Text
		switch {
		case r.addGraph(text), r.addBuffer(text), pending.addLayer(text):
		case pending.finish(text):
			r.Caches = append(r.Caches, pending)
			pending = CacheReport{}
		default:
			if found := setting.FindStringSubmatch(text); found != nil {
				r.Settings[found[1]] = found[2]
			}
		}
	}
	return r
}

// addLayer notes which layers the cache being made will hold.
func (c *CacheReport) addLayer(text string) bool {
	found := layerLine.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	layer := atoi(found[1])
	switch {
	case strings.Contains(text, "- layer"): // "reusing layers:", after the cache's own
	case found[2] == "dev = ":
		c.LayerIDs = append(c.LayerIDs, layer)
	default:
		c.Filtered = append(c.Filtered, layer)
	}
	return true
}

// finish fills the cache from the line that ends its making.
func (c *CacheReport) finish(text string) bool {
	found := cacheLine.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	c.Bytes = mebibytes(found[1])
	c.Cells, c.Layers, c.Seqs = atoi(found[2]), atoi(found[3]), atoi(found[4])
	c.Recurrent = found[6] == "R"
	c.Streams = c.Seqs
	if !c.Recurrent {
		c.Streams = atoi(found[5])
	}
	c.TypeK, c.KBytes = found[7], mebibytes(found[8])
	c.TypeV, c.VBytes = found[9], mebibytes(found[10])
	return true
}

// addBuffer notes an allocation. The compute and output buffers are printed
// again when they are made anew: the last size counts. Several model or cache
// buffers on one device add up.
func (r *Report) addBuffer(text string) bool {
	found := bufferLine.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	b := BufferReport{Kind: found[2], Device: strings.TrimSpace(found[1]), Bytes: mebibytes(found[3])}
	for i, known := range r.Buffers {
		if known.Kind == b.Kind && known.Device == b.Device {
			if b.Kind == "compute" || b.Kind == "output" {
				r.Buffers[i].Bytes = 0
			}
			r.Buffers[i].Bytes += b.Bytes
			return true
		}
	}
	r.Buffers = append(r.Buffers, b)
	return true
}

func (r *Report) addGraph(text string) bool {
	found := graphLine.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	n := atoi(found[2])
	if found[1] == "splits" {
		r.GraphSplits = &n
		return true
	}
	r.GraphNodes = &n
	if found[3] != "" {
		splits := atoi(found[3])
		r.GraphSplits = &splits
	}
	return true
}

// Sum adds up the buffers of a kind; nil when none was printed.
func (r Report) Sum(kind string) *int64 {
	var sum *int64
	for _, b := range r.Buffers {
		if b.Kind == kind {
			if sum == nil {
				sum = new(int64)
			}
			*sum += b.Bytes
		}
	}
	return sum
}

// CacheBytes adds up the caches' sizes; nil when none was printed. Planning
// (no_alloc) prints them while every KV buffer is empty.
func (r Report) CacheBytes() *int64 {
	var sum *int64
	for _, c := range r.Caches {
		if sum == nil {
			sum = new(int64)
		}
		*sum += c.Bytes
	}
	return sum
}

// mebibytes reads a decimal number of MiB as bytes; the patterns let digits and
// dots through only, so that what is no number ("1.2.3") counts as 0.
func mebibytes(text string) int64 {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return int64(value*(1<<20) + 0.5)
}

// atoi reads digits; what overflows counts as 0.
func atoi(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
