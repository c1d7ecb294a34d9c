package published

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/roofline"
	"assay/predict/table"
)

var update = flag.Bool("update", false, "write parameters.csv, widths.csv, heldout.csv and testdata/heldout.md again")

var kinds = []string{roofline.KindDecode, roofline.KindPrefill}

// miss is one row that was predicted from others.
type miss struct {
	sample
	kind, by, fold string
	err            float64 // logarithm of predicted over measured time
	near           int
}

// off is the share by which the tokens a second are missed.
func (m miss) off() float64 { return math.Abs(math.Exp(-m.err) - 1) }

// The parameters are what a fit to the figures gives, and the table of what is
// left out holds: within 8 % in decode by whatever is left out, within 10 % in
// prefill of llama.cpp by model, chip and source, and 90 to 97 % inside.
func TestParametersAreFitted(t *testing.T) {
	if testing.Short() {
		t.Skip("fits the model of a Mac some hundred times")
	}
	list, err := observations()
	require.NoError(t, err)
	parameters := table.Must[parameter](parametersCSV)
	var misses []miss
	for _, kind := range kinds {
		p := newProblem(kind, list)
		x := p.solve(func(sample) bool { return true }, p.priors())
		c := p.costs(x)
		for _, j := range p.used() {
			q := &parameters[j]
			if !*update {
				assert.InEpsilon(t, c(q.Name), q.Value, 0.02, "%s; -update writes it again", q.Name)
			}
			q.Value = c(q.Name)
		}
		for _, f := range p.holdOut(x) {
			for k, r := range f.rows {
				misses = append(misses, miss{p.samples[r], kind, f.scheme, f.name, f.errors[k], f.near[k]})
			}
		}
	}
	w := widthsOf(misses, func(miss) bool { return true })
	held := heldOutOf(misses)
	if *update {
		writeParameters(t, parameters)
		writeWidths(t, w)
		writeHeldOut(t, held)
		require.NoError(t, os.WriteFile("testdata/heldout.md", []byte(markdown(held, misses)), 0o644))
	}
	t.Log("\n" + markdown(held, misses))
	for _, h := range held {
		name := fmt.Sprintf("%s by %s, %s", h.Kind, h.By, h.Runtime)
		switch {
		case h.Kind == roofline.KindDecode && h.Runtime == "all":
			assert.LessOrEqual(t, h.Median, 8.0, name)
		case h.Kind == roofline.KindPrefill && h.Runtime == LlamaCpp:
			assert.LessOrEqual(t, h.Median, 10.0, name)
		}
		assert.InDelta(t, 93.5, h.Inside, 3.5, name)
	}
	if *update {
		return
	}
	for _, h := range table.Must[heldOut](heldOutCSV) {
		assert.Contains(t, held, h, "heldout.csv; -update writes it again")
	}
}

// used are the parameters that any row hangs on.
func (p *problem) used() []int {
	var all []int
	for _, s := range p.samples {
		all = append(all, s.uses...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// fewest are the rows from which a width of its own is read.
const fewest = 40

// widthsOf are the 95 % quantiles of the misses by kind, runtime and nearness,
// never smaller than those of what is nearer.
func widthsOf(misses []miss, take func(miss) bool) []width {
	var out []width
	for _, kind := range kinds {
		for _, runtime := range []string{LlamaCpp, MLX} {
			var levels []level
			for n := nearWork; n <= nearNothing; n++ {
				var v, both []float64
				for _, m := range misses {
					if m.kind == kind && m.near == n && take(m) {
						both = append(both, math.Abs(m.err))
						if m.Runtime == runtime {
							v = append(v, math.Abs(m.err))
						}
					}
				}
				rows := len(v)
				if rows < fewest {
					v = both
				}
				levels = append(levels, level{n, rows, v})
			}
			for _, q := range widening(levels) {
				out = append(out, width{kind, runtime, q.near, q.rows, math.Exp(quantile(q.off))})
			}
		}
	}
	return out
}

// level is how far the rows of one nearness are off, and how many of them are of the
// runtime itself.
type level struct {
	near, rows int
	off        []float64
}

// widening pools neighbours until no level is wider than the next, which knows less
// (pool adjacent violators).
func widening(levels []level) []level {
	out := slices.Clone(levels)
	for again := true; again; {
		again = false
		for i := 1; i < len(out); i++ {
			if quantile(out[i-1].off) <= quantile(out[i].off) {
				continue
			}
			first := i - 1
			for first > 0 && slices.Equal(out[first-1].off, out[i-1].off) {
				first--
			}
			pooled := slices.Concat(out[i-1].off, out[i].off)
			slices.Sort(pooled)
			for k := first; k <= i; k++ {
				out[k].off = pooled
			}
			again = true
		}
	}
	return out
}

// quantile is the conformal one at 95 %; 0 of nothing.
func quantile(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(len(v), int(math.Ceil(0.95*float64(len(v)+1))))-1]
}

// heldOutOf sums the misses up. A row counts as inside by the widths that the
// other folds give.
func heldOutOf(misses []miss) []heldOut {
	inside := map[string]map[int]bool{}
	for _, scheme := range schemes {
		for _, name := range namesOf(misses, scheme.name) {
			w := map[width]float64{}
			for _, q := range widthsOf(misses, func(m miss) bool { return m.by != scheme.name || m.fold != name }) {
				w[width{Kind: q.Kind, Runtime: q.Runtime, Near: q.Near}] = math.Log(q.Factor)
			}
			for i, m := range misses {
				if m.by == scheme.name && m.fold == name {
					if inside[m.by] == nil {
						inside[m.by] = map[int]bool{}
					}
					inside[m.by][i] = math.Abs(m.err) <= w[width{Kind: m.kind, Runtime: m.Runtime, Near: m.near}]
				}
			}
		}
	}
	var out []heldOut
	for _, kind := range kinds {
		for _, scheme := range schemes {
			for _, runtime := range []string{"all", LlamaCpp, MLX} {
				h := heldOut{Kind: kind, By: scheme.name, Runtime: runtime}
				var offs []float64
				n := 0
				for i, m := range misses {
					if m.kind == kind && m.by == scheme.name && (runtime == "all" || runtime == m.Runtime) {
						offs = append(offs, m.off())
						if inside[m.by][i] {
							n++
						}
					}
				}
				slices.Sort(offs)
				h.Rows, h.Median, h.P90 = len(offs), percent(offs[len(offs)/2]), percent(offs[len(offs)*9/10])
				h.Inside = percent(float64(n) / float64(len(offs)))
				out = append(out, h)
			}
		}
	}
	return out
}

func percent(share float64) float64 { return math.Round(1000*share) / 10 }

func namesOf(misses []miss, by string) (names []string) {
	for _, m := range misses {
		if m.by == by {
			names = append(names, m.fold)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// markdown is the table for people: by what was left out, and by chip and
// runtime where the chip was.
func markdown(held []heldOut, misses []miss) string {
	var b strings.Builder
	b.WriteString("| left out together | runtime | decode: rows, median / 90 %, inside | prefill: rows, median / 90 %, inside " +
		"|\n|---|---|---|---|\n")
	half := len(held) / 2
	for i := range half {
		d, p := held[i], held[i+half]
		fmt.Fprintf(&b, "| %s | %s | %d, %.1f / %.1f %%, %.0f %% | %d, %.1f / %.1f %%, %.0f %% |\n",
			d.By, d.Runtime, d.Rows, d.Median, d.P90, d.Inside, p.Rows, p.Median, p.P90, p.Inside)
	}
	b.WriteString("\n| chip left out | runtime | decode: rows, median | prefill: rows, median |\n|---|---|---|---|\n")
	for _, chip := range namesOf(misses, "chip") {
		for _, runtime := range []string{LlamaCpp, MLX} {
			d, p := offsOf(misses, chip, runtime, kinds[0]), offsOf(misses, chip, runtime, kinds[1])
			if d+p != "" {
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", chip, runtime, d, p)
			}
		}
	}
	b.WriteString("\n| furthest off, its model left out | measured | predicted / measured |\n|---|---|---|\n")
	slices.SortStableFunc(misses, func(a, b miss) int { return int(math.Copysign(1, math.Abs(b.err)-math.Abs(a.err))) })
	n := 0
	for _, m := range misses {
		if m.by == "model" && n < 10 {
			n++
			fmt.Fprintf(&b, "| %s on %s, %s %s %s%.0f @ d%.0f, %s | %.4g | %.2f |\n", m.Runtime, m.setting.Chip.ID(), m.Model, m.Weights,
				m.Test, m.tokens(), m.depth(), m.project(), m.Speed, math.Exp(-m.err))
		}
	}
	return b.String()
}

func offsOf(misses []miss, chip, runtime, kind string) string {
	var v []float64
	for _, m := range misses {
		if m.by == "chip" && m.fold == chip && m.Runtime == runtime && m.kind == kind {
			v = append(v, m.off())
		}
	}
	if len(v) == 0 {
		return ""
	}
	slices.Sort(v)
	return fmt.Sprintf("%d, %.1f %%", len(v), 100*v[len(v)/2])
}

// writeCSV keeps the file's notes and replaces its rows.
func writeCSV(t *testing.T, name, old string, rows [][]string) {
	t.Helper()
	var b bytes.Buffer
	for line := range strings.Lines(old) {
		if strings.HasPrefix(line, "#") {
			b.WriteString(line)
		}
	}
	require.NoError(t, csv.NewWriter(&b).WriteAll(rows))
	require.NoError(t, os.WriteFile("data/"+name, b.Bytes(), 0o644))
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func writeParameters(t *testing.T, list []parameter) {
	t.Helper()
	rows := [][]string{{"name", "prior", "spread", "value", "basis"}}
	for _, p := range list {
		rows = append(rows, []string{p.Name, number(p.Prior), number(p.Spread), number(p.Value), p.Basis})
	}
	writeCSV(t, "parameters.csv", parametersCSV, rows)
}

func writeWidths(t *testing.T, list []width) {
	t.Helper()
	rows := [][]string{{"kind", "runtime", "near", "rows", "factor"}}
	for _, w := range list {
		rows = append(rows, []string{w.Kind, w.Runtime, strconv.Itoa(w.Near), strconv.Itoa(w.Rows), number(w.Factor)})
	}
	writeCSV(t, "widths.csv", widthsCSV, rows)
}

func writeHeldOut(t *testing.T, list []heldOut) {
	t.Helper()
	rows := [][]string{{"kind", "by", "runtime", "rows", "median", "p90", "inside"}}
	for _, h := range list {
		rows = append(rows, []string{h.Kind, h.By, h.Runtime, strconv.Itoa(h.Rows), number(h.Median), number(h.P90), number(h.Inside)})
	}
	writeCSV(t, "heldout.csv", heldOutCSV, rows)
}
