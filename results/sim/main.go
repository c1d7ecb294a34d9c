// Command sim measures assay's statistics, and rival rules beside them, on
// simulated nights of a suite whose noise is like a real Mac's: how often a
// rule cries wolf over all cases together, and how often it finds what changed.
//
//	go run ./results/sim          the full table, minutes; testdata/full.txt is one
//	go run ./results/sim -quick   the table that the tests assert
//
// It uses results/stat as diff, nightly and trend do, and is seeded: the same
// command prints the same table.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// effort is how many comparisons each part of the table is made of.
type effort struct{ pairs, nights, trends, variants, real, scenarios int }

var (
	quick = effort{pairs: 100, nights: 60, trends: 20}
	full  = effort{pairs: 200, nights: 200, trends: 20, variants: 20, real: 200, scenarios: 6}
)

const seed = 5

// tenth is how much slower a case is that has lost a tenth of its speed.
const tenth = 1/0.9 - 1

func main() {
	fast := flag.Bool("quick", false, "the small table that the tests assert")
	flag.Parse()
	e := full
	if *fast {
		e = quick
	}
	table(os.Stdout, e)
}

func table(w io.Writer, e effort) {
	fmt.Fprintf(w, "%d cases, %d rounds of %d samples; %s\n", len(Suite.Labels()), Suite.Rounds, Suite.Each, Mac)
	fmt.Fprintln(w, "false alarm: anything reported of any case; [95 % interval of the rate]")
	src := func(n Noise, p Plan) *source { return newSource(n, p, seed) }

	heading(w, "diff of two runs, %d comparisons", e.pairs, "8 % slower found", "11 %, a tenth of speed")
	rows(w, pairs(src(Mac, Suite), pairRules, e.pairs, 0.08, tenth))

	heading(w, fmt.Sprintf("nightly against %d accepted nights, %%d nights", window), e.nights,
		"5 % found first night", "by the second")
	rows(w, nights(src(Mac, Suite), nightRules, e.nights, window, 0.05))

	heading(w, "trend, 60 nights, the last 10 slower, %d histories", e.trends, "2 % step found")
	rows(w, trends(src(Mac, Suite), trendRules, e.trends, 60, 10, 0.02))

	if e.variants == 0 {
		return
	}
	fmt.Fprintf(w, "\nmeasured noise: %d cases, %d round of %d samples, sessions of one Mac\n", len(Sessions.Labels()),
		Sessions.Rounds, Sessions.Each)
	heading(w, "diff of two runs, %d comparisons", e.real, "one case -30 % found")
	rows(w, pairs(newReal(Mac5, seed), pairRules, e.real, 1/0.7-1))
	heading(w, fmt.Sprintf("nightly against %d accepted nights, %%d nights", window), e.real, "one case -30 % found", "by the second")
	rows(w, nights(newReal(Mac5, seed), nightRules, e.real, window, 1/0.7-1))
	two := Mac5
	two.Runtimes = 2
	scenarioTable(w, "measured noise", func() nightSource { return newReal(two, seed) }, e.scenarios)
	scenarioTable(w, "assumed noise", func() nightSource { return src(Mac, Plan{Runtimes: 2, Models: 5, Tests: 5, Rounds: 2, Each: 5}) },
		e.scenarios)

	heading(w, "assay under other noise: diff, %d comparisons", e.variants, "8 % slower found")
	for _, v := range variants {
		r := pairs(src(v.noise, v.plan), pairRules[:1], e.variants, 0.08)
		r[0].name = v.name
		rows(w, r)
	}
	heading(w, "assay under other noise: nightly, %d nights", e.variants, "5 % found first night", "by the second")
	for _, v := range variants {
		r := nights(src(v.noise, v.plan), nightRules[:1], e.variants, window, 0.05)
		r[0].name = v.name
		rows(w, r)
	}
}

func heading(w io.Writer, format string, n int, found ...string) {
	fmt.Fprintf(w, "\n%s\n%-42s  %-22s", fmt.Sprintf(format, n), "", "false alarm")
	for _, f := range found {
		fmt.Fprintf(w, "  %-22s", f)
	}
	fmt.Fprintln(w)
}

func rows(w io.Writer, results []result) {
	for _, r := range results {
		line := fmt.Sprintf("%-42s", r.name)
		for _, x := range append([]rate{r.alarm}, r.found...) {
			line += fmt.Sprintf("  %-22s", x)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

func (r rate) String() string {
	lo, hi := r.interval()
	return fmt.Sprintf("%5.2f%% [%.2f, %.2f]", 100*float64(r.hits)/float64(r.of), 100*lo, 100*hi)
}

func (n Noise) String() string {
	return fmt.Sprintf("noise: %g %% within a run,\nlognormal(%g), autocorrelation %g, %g %% of samples %.3g %% slower, "+
		"%g %% from night to night,\na ramp of %.3g to %.3g %% on %.3g %% of nights",
		100*n.Within, n.Skew, n.Auto, 100*n.Outliers, 100*(n.Slower-1), 100*n.Night, 100*n.RampLo, 100*n.RampHi, 100*n.Ramps)
}

// variants are other machines than Mac: what the rule's constants were not
// chosen for.
var variants = []struct {
	name  string
	noise Noise
	plan  Plan
}{
	{"less skewed, lognormal(0.3)", with(func(n *Noise) { n.Skew = 0.3 }), Suite},
	{"more skewed, lognormal(0.8)", with(func(n *Noise) { n.Skew = 0.8 }), Suite},
	{"autocorrelation 0.4", with(func(n *Noise) { n.Auto = 0.4 }), Suite},
	{"ramps of 2 to 8 %", with(func(n *Noise) { n.RampLo, n.RampHi = 0.02, 0.08 }), Suite},
	{"no ramps", with(func(n *Noise) { n.Ramps = 0 }), Suite},
	{"1 % from night to night", with(func(n *Noise) { n.Night = 0.01 }), Suite},
	{"cases 3 times quieter to 3 times noisier", with(func(n *Noise) { n.Spread = 3 }), Suite},
	{"5 rounds of 2 samples", Mac, Plan{Runtimes: 1, Models: 10, Tests: 5, Rounds: 5, Each: 2}},
	{"10 cases", Mac, Plan{Runtimes: 1, Models: 1, Tests: 5, Rounds: 2, Each: 5}},
}

func with(change func(*Noise)) Noise {
	n := Mac
	change(&n)
	return n
}
