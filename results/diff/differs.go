package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"assay/results"
)

// Aspect is something that two runs may differ in.
type Aspect string

// The aspects that can be named. Runs on another chip are refused unless it is:
// their times are of another machine. Power and versions are what is compared, and
// only said.
const (
	Chip    Aspect = "chip"
	Power   Aspect = "power"
	Version Aspect = "version"
)

// Aspects are all of them.
func Aspects() []Aspect { return []Aspect{Chip, Power, Version} }

// ParseAspects reads aspects by name; "all" is all of them.
func ParseAspects(names []string) ([]Aspect, error) {
	var out []Aspect
	for _, name := range names {
		switch {
		case name == "all":
			out = append(out, Aspects()...)
		case slices.Contains(Aspects(), Aspect(name)):
			out = append(out, Aspect(name))
		default:
			return nil, fmt.Errorf("%q is none of chip, power, version, all", name)
		}
	}
	return out, nil
}

// Difference is something besides the figures that differs between the sides. An
// empty value is one that is not there, or was not recorded.
type Difference struct {
	What string `json:"what"`
	Base string `json:"base"`
	Head string `json:"head"`
	// Cases is how many cases differ in it.
	Cases int `json:"cases"`
	// Runtime is the runtime whose own it is, "" for the machine and the model.
	Runtime string `json:"runtime,omitempty"`
	// Cause says that it is known to make a runtime faster or slower.
	Cause bool `json:"cause,omitempty"`
	// Often is how many times it had changed between the earlier nights, in the case
	// in which it did most: what changes every night explains the less.
	Often int `json:"often,omitempty"`
}

// differences lists what else differs, by how many cases, the likeliest cause first.
func differences(pairs []pair) []Difference {
	out := []Difference{}
	place := map[Difference]int{}
	for _, p := range pairs {
		for _, d := range p.differs() {
			often := d.Often
			d.Often = 0
			i, seen := place[d]
			if !seen {
				i = len(out)
				place[d] = i
				out = append(out, d)
			}
			out[i].Cases++
			out[i].Often = max(out[i].Often, often)
		}
	}
	// What belongs to a runtime comes first, in each what changed least before, in
	// the order of the environment.
	slices.SortStableFunc(out, func(a, b Difference) int { return cmp.Or(rank(a)-rank(b), a.Often-b.Often) })
	return out
}

func rank(d Difference) int {
	switch {
	case d.Version():
		return 0
	case d.Runtime != "":
		return 1
	case d.Cause:
		return 2
	}
	return 3
}

// Version says whether it is the version of a runtime, or of what that stands on.
func (d Difference) Version() bool { return d.Runtime != "" && strings.HasSuffix(d.What, " version") }

// differs lists what differs in one case.
func (p pair) differs() []Difference {
	var out []Difference
	often := p.often()
	for _, c := range p.head.Environment().Since(p.environment()) {
		d := Difference{What: c.What, Base: c.Before, Head: c.After, Cause: c.Cause, Often: often[c.What]}
		if c.Runtime {
			d.Runtime = p.head.Runtime.Name
			d.What = d.Runtime + " " + strings.TrimPrefix(c.What, d.Runtime+" ")
		}
		out = append(out, d)
	}
	for _, a := range attributes {
		was, is := a.of(p.base), a.of(p.head)
		if was != is && (was != "" && is != "" || a.what == "fitness") {
			out = append(out, Difference{What: a.what, Base: was, Head: is})
		}
	}
	return out
}

// environment is what head's is compared with: that of the last accepted night, or
// else base's.
func (p pair) environment() results.Environment {
	if n := len(p.past); n > 0 {
		return *p.past[n-1]
	}
	return p.base.Environment()
}

// often counts how many times each thing changed between the accepted nights.
func (p pair) often() map[string]int {
	times := map[string]int{}
	for i := 1; i < len(p.past); i++ {
		if p.past[i] != p.past[i-1] {
			for _, c := range p.past[i].Since(*p.past[i-1]) {
				times[c.What]++
			}
		}
	}
	return times
}

// attributes are what a record has besides its environment.
var attributes = []struct {
	what string
	of   func(results.Record) string
}{
	{"protocol", protocol},
	{"machine", func(r results.Record) string { return r.Host.Name }},
	{"memory", func(r results.Record) string { return positive(r.Host.MemoryBytes) }},
	{"model reference", func(r results.Record) string { return r.Model.Ref }},
	{"fit", func(r results.Record) string {
		if r.Predicted == nil {
			return ""
		}
		return r.Predicted.Fit
	}},
	{"fitness", func(r results.Record) string { return strings.Join(r.Host.Unfit, "; ") }},
}

// protocol is how a case was timed.
func protocol(r results.Record) string {
	if r.Measured == nil || len(r.Measured.SamplesNS) == 0 || len(r.Measured.Rounds) == 0 {
		return ""
	}
	rounds := slices.Compact(slices.Sorted(slices.Values(r.Measured.Rounds)))
	if len(rounds) == 1 {
		return "one process"
	}
	return "several processes"
}

func positive(n int64) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}
