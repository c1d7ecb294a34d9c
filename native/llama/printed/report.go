package printed

import (
	"errors"
	"regexp"
	"slices"
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
	// Splits are the parts on one device each that the graphs of a micro-batch
	// and of single tokens are cut into; one where both have as many.
	Splits []int
	// Settings are llama_context's own words, such as kv_unified: "true".
	Settings map[string]string
	// FullWindows: windowed layers keep all tokens, as it was asked for. FlashForced:
	// the library turned flash attention off by itself.
	FullWindows, FlashForced bool
	// Unread are lines about memory with a number that is none or is beyond any
	// machine. While there is one, no sum is known.
	Unread []string
}

// CacheReport is one memory of a context. Sizes are rounded to 0.01 MiB.
type CacheReport struct {
	// Recurrent is true for a state whose size does not grow with the context;
	// K is then the convolution state, V the recurrent state.
	Recurrent     bool
	Cells, Layers int
	// Streams is the number of sequences with cells of their own.
	Streams               int
	TypeK, TypeV          string
	KBytes, VBytes, Bytes int64
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
	cacheLine  = regexp.MustCompile(`: size = +([0-9.]+) MiB \( *([0-9]+) cells, +([0-9]+) layers, +([0-9]+)(?:/([0-9]+))? seqs(?: +[0-9]+ rs_seq)?\), ([KR]) \(([a-z0-9_]+)\): +([0-9.]+) MiB, [VS] \(([a-z0-9_]+)\): +([0-9.]+) MiB`)
	bufferLine = regexp.MustCompile(`: +(.+?) +(model|KV|RS|output|compute) buffer size = +([0-9.]+) MiB`)
	// "graph splits = 2", "graph splits = 26 (with bs=512), 3 (with bs=1)", since
	// v0.5.0 "graph (pp bs=512, tg bs=1): nodes = 822 / 822, splits = 324 / 2, …".
	splitsLine = regexp.MustCompile(`: graph(?: splits = | \(.*, splits = |: .*, splits = )([0-9]+)(?:(?: \(with bs=[0-9]+\), | / )([0-9]+))?`)
	setting    = regexp.MustCompile(`^llama_context: ([a-z_]+) += (\S+)$`)
)

// ParseReport reads the lines that the library printed.
func ParseReport(lines []Line) Report {
	r := Report{Settings: map[string]string{}}
	for _, line := range lines {
		if err := r.add(line.Text); err != nil {
			r.Unread = append(r.Unread, line.Text)
		}
	}
	return r
}

// add takes a line over, or says why a number in it cannot be read.
func (r *Report) add(text string) error {
	if found := bufferLine.FindStringSubmatch(text); found != nil {
		return r.addBuffer(found)
	}
	if found := cacheLine.FindStringSubmatch(text); found != nil {
		return r.addCache(found)
	}
	if found := splitsLine.FindStringSubmatch(text); found != nil {
		return r.addSplits(found[1:])
	}
	if found := setting.FindStringSubmatch(text); found != nil {
		r.Settings[found[1]] = found[2]
	}
	r.FullWindows = r.FullWindows || strings.Contains(text, "using full-size SWA cache")
	r.FlashForced = r.FlashForced || strings.Contains(text, "flash_attn") && strings.Contains(text, "forc")
	return nil
}

// addSplits takes the counts over; they are printed again when a graph is
// reserved anew: the last ones count.
func (r *Report) addSplits(counts []string) error {
	r.Splits = nil
	for _, text := range counts {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		r.Splits = append(r.Splits, n)
	}
	return nil
}

func (r *Report) addCache(found []string) error {
	c := CacheReport{Recurrent: found[6] == "R", TypeK: found[7], TypeV: found[9]}
	streams := found[5]
	if c.Recurrent {
		streams = found[4] // each sequence has its state
	}
	var failed []error
	for _, count := range []struct {
		to   *int
		text string
	}{{&c.Cells, found[2]}, {&c.Layers, found[3]}, {&c.Streams, streams}} {
		n, err := strconv.Atoi(count.text)
		*count.to, failed = n, append(failed, err)
	}
	for _, size := range []struct {
		to   *int64
		text string
	}{{&c.Bytes, found[1]}, {&c.KBytes, found[8]}, {&c.VBytes, found[10]}} {
		n, err := mebibytes(size.text)
		*size.to, failed = n, append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	r.Caches = append(r.Caches, c)
	return nil
}

// addBuffer notes an allocation. The compute and output buffers are printed
// again when they are made anew: the last size counts. Several model or cache
// buffers on one device add up.
func (r *Report) addBuffer(found []string) error {
	size, err := mebibytes(found[3])
	if err != nil {
		return err
	}
	b := BufferReport{Kind: found[2], Device: strings.TrimSpace(found[1]), Bytes: size}
	at := slices.IndexFunc(r.Buffers, func(known BufferReport) bool { return known.Kind == b.Kind && known.Device == b.Device })
	switch {
	case at < 0:
		r.Buffers = append(r.Buffers, b)
	case b.Kind == "compute" || b.Kind == "output":
		r.Buffers[at].Bytes = b.Bytes
	default:
		r.Buffers[at].Bytes += b.Bytes
	}
	return nil
}

// Sum adds up the buffers of a kind; nil when none was printed or a line could
// not be read.
func (r Report) Sum(kind string) *int64 {
	var sum *int64
	if len(r.Unread) > 0 {
		return nil
	}
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

// Repacked reports whether the buffer holds weights in a layout that the
// processor's products want, beside the file's own.
func (b BufferReport) Repacked() bool {
	return b.Kind == "model" && slices.Contains([]string{"AMX", "CPU_REPACK", "CPU_AARCH64", "CPU_KLEIDIAI"}, b.Device)
}

// Repacked adds up the buffers of repacked weights; nil when no buffer of weights
// was printed or a line could not be read.
func (r Report) Repacked() *int64 {
	if r.Sum("model") == nil {
		return nil
	}
	sum := new(int64)
	for _, b := range r.Buffers {
		if b.Repacked() {
			*sum += b.Bytes
		}
	}
	return sum
}

// CacheBytes adds up the caches' sizes; nil when none was printed or a line
// could not be read. Planning (no_alloc) prints them while every KV buffer is
// empty.
func (r Report) CacheBytes() *int64 {
	var sum *int64
	if len(r.Unread) > 0 {
		return nil
	}
	for _, c := range r.Caches {
		if sum == nil {
			sum = new(int64)
		}
		*sum += c.Bytes
	}
	return sum
}

// mostMiB is more than any machine has (a pebibyte); thousands of such still add
// up within 64 bits.
const mostMiB = 1 << 30

// mebibytes reads a decimal number of MiB as bytes. The patterns let digits and
// dots through; what is no number ("1.2.3") or beyond mostMiB is an error.
func mebibytes(text string) (int64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, err
	}
	if value > mostMiB {
		return 0, strconv.ErrRange
	}
	return int64(value*(1<<20) + 0.5), nil
}
