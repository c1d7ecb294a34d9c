package diff

import (
	"fmt"
	"slices"
	"strings"

	"assay/results"
)

// Aspect is something that two runs may differ in so that their figures are not
// comparable without saying so.
type Aspect string

// The aspects that are refused unless they are asked for.
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

// Difference is something besides the figures that differs between the sides.
type Difference struct {
	What string `json:"what"`
	Base string `json:"base"`
	Head string `json:"head"`
	// Cases is how many cases differ in it.
	Cases int `json:"cases"`
	// Aspect is set where runs that differ so are compared only on request.
	Aspect Aspect `json:"aspect,omitempty"`
}

// attribute is one thing that is looked at, with %s for the runtime's name.
type attribute struct {
	what   string
	aspect Aspect
	of     func(results.Record) string
}

var attributes = []attribute{
	{"chip", Chip, func(r results.Record) string { return r.Host.Chip }},
	{"machine", "", func(r results.Record) string { return r.Host.Name }},
	{"memory", "", func(r results.Record) string { return positive(r.Host.MemoryBytes) }},
	{"power", Power, func(r results.Record) string { return r.Host.Power }},
	{"low power mode", Power, func(r results.Record) string { return r.Environment().LowPowerMode }},
	{"%s version", Version, func(r results.Record) string { return r.Runtime.Version }},
	{"%s library", Version, func(r results.Record) string { return r.Runtime.SHA256 }},
	{"%s device", "", func(r results.Record) string { return r.Runtime.Device }},
	{"%s kernels", "", func(r results.Record) string { return r.Runtime.Kernels.String() }},
	{"operating system", "", func(r results.Record) string { return strings.TrimSpace(r.Host.OS + " " + r.Host.OSVersion) }},
	{"thermal state", "", func(r results.Record) string { return r.Host.Thermal }},
	{"thermal state after", "", func(r results.Record) string { return r.Host.ThermalAfter }},
	{"model facts", "", func(r results.Record) string { return r.Model.FactsSHA256 }},
	{"model reference", "", func(r results.Record) string { return r.Model.Ref }},
	{"fit", "", func(r results.Record) string {
		if r.Predicted == nil {
			return ""
		}
		return r.Predicted.Fit
	}},
	{"fitness", "", func(r results.Record) string { return strings.Join(r.Host.Unfit, "; ") }},
}

func positive(n int64) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// differences lists what else differs, by how many cases. A value that one side
// does not know is a difference only where it is not the default of nothing.
func differences(pairs []pair) []Difference {
	out := []Difference{}
	place := map[[3]string]int{}
	for _, a := range attributes {
		for _, p := range pairs {
			was, is := a.of(p.base), a.of(p.head)
			if was == is || (was == "" || is == "") && a.what != "fitness" {
				continue
			}
			what := strings.Replace(a.what, "%s", p.head.Runtime.Name, 1)
			at := [3]string{what, was, is}
			i, seen := place[at]
			if !seen {
				i = len(out)
				place[at] = i
				out = append(out, Difference{What: what, Base: was, Head: is, Aspect: a.aspect})
			}
			out[i].Cases++
		}
	}
	return out
}

// IncomparableError says in what two runs differ that are compared only on request.
type IncomparableError struct{ Differs []Difference }

func (e *IncomparableError) Error() string {
	var what, names []string
	for _, d := range e.Differs {
		what = append(what, fmt.Sprintf("%s (%s, then %s)", d.What, short(d.Base), short(d.Head)))
		if !slices.Contains(names, string(d.Aspect)) {
			names = append(names, string(d.Aspect))
		}
	}
	return fmt.Sprintf("the runs differ in %s; --across %s compares them all the same",
		strings.Join(what, ", "), strings.Join(names, ","))
}

// BadInput says that other runs, or --across, are needed.
func (e *IncomparableError) BadInput() bool { return true }

func short(s string) string {
	if len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" {
		s = s[:12]
	}
	return results.Printable(s)
}

func refuse(differs []Difference, allowed []Aspect) error {
	var refused []Difference
	for _, d := range differs {
		if d.Aspect != "" && !slices.Contains(allowed, d.Aspect) {
			refused = append(refused, d)
		}
	}
	if refused != nil {
		return &IncomparableError{refused}
	}
	return nil
}
