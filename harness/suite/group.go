package suite

import (
	"fmt"
	"maps"
	"slices"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/results"
)

// CaseGroup is the product of its lists.
type CaseGroup struct {
	Models   []string `yaml:"models"`
	Runtimes []string `yaml:"runtimes"`
	// Skeleton "kv" or "full" puts random weights in the model's place; empty
	// runs the model itself where its files are here.
	Skeleton    string         `yaml:"skeleton"`
	WeightTypes []string       `yaml:"weight_types"`
	Kinds       []results.Kind `yaml:"kinds"`
	// PG pairs are a prompt and generated tokens timed together.
	PG [][2]int `yaml:"pg"`
	// Settings are the values that each setting takes, by its name in records. One
	// that is not listed has its default, or that of the setting it follows.
	Settings Lists `yaml:"-"`
}

// Lists are values of settings, by name.
type Lists map[string][]any

// With is the group with other values of a setting.
func (g CaseGroup) With(setting string, values ...any) CaseGroup {
	g.Settings = maps.Clone(g.Settings)
	if g.Settings == nil {
		g.Settings = Lists{}
	}
	g.Settings[setting] = values
	return g
}

// values are those of a setting, or its default.
func (g CaseGroup) values(s results.Setting) []any {
	if list := g.Settings[s.Name]; len(list) > 0 || s.Default == nil {
		return list
	}
	return []any{s.Default}
}

func (g CaseGroup) validate() *misfit {
	if len(g.Models) == 0 || len(g.kinds()) == 0 {
		return &misfit{err: fmt.Errorf("'models' and 'kinds' are needed")}
	}
	for i, k := range g.Kinds {
		if k != results.KindKV && k != results.KindPrefill && k != results.KindDecode && k != results.KindPlan {
			return badValue("kinds", i, fmt.Errorf("kind %q: one of kv, prefill, decode, plan", k))
		}
	}
	if slices.Contains(g.Kinds, results.KindKV) && g.isEmpty(results.KindKV) {
		return &misfit{err: fmt.Errorf("a kv case has to run: n_prompt and n_gen are 0")}
	}
	if g.Skeleton != "" && g.Skeleton != runtime.SkeletonKV && g.Skeleton != runtime.SkeletonFull {
		return &misfit{path: "skeleton", err: fmt.Errorf("skeleton %q: kv, full or nothing", g.Skeleton)}
	}
	return g.checkValues()
}

// isEmpty reports whether all counts of tokens that the kind of case has are 0.
func (g CaseGroup) isEmpty(k results.Kind) bool {
	counts, empty := 0, 0
	for _, s := range results.Settings {
		if _, ok := s.PerKind[k]; ok {
			counts++
			if list := g.Settings[s.Name]; len(list) > 0 && !slices.ContainsFunc(list, func(v any) bool { return v != 0 }) {
				empty++
			}
		}
	}
	return counts > 0 && counts == empty
}

// misfit is something in a group of a suite that cannot be.
type misfit struct {
	group int
	// path is where in the group it stands, such as type_k[0]; empty is the group.
	path string
	err  error
}

func (m *misfit) Error() string { return m.err.Error() }

func (m *misfit) Unwrap() error { return m.err }

// badValue is a misfit at a place of a list.
func badValue(list string, at int, err error) *misfit {
	return &misfit{path: fmt.Sprintf("%s[%d]", list, at), err: err}
}

// checkValues holds the group's values and types against what can be.
func (g CaseGroup) checkValues() *misfit {
	named, m := g.namedRuntimes()
	if m != nil {
		return m
	}
	for _, s := range results.Settings {
		for i, v := range g.Settings[s.Name] {
			if err := subject.CheckSetting(s, v, named); err != nil {
				return badValue(s.Name, i, err)
			}
		}
	}
	known := subject.AllOf(named, func(rt runtime.Runtime) []string { return rt.WeightTypes(g.Skeleton) })
	for i, v := range g.WeightTypes {
		if err := subject.CheckType("weight type", v, known); err != nil {
			return badValue("weight_types", i, err)
		}
	}
	return nil
}

// Check says what of the group's values and types cannot be.
func (g CaseGroup) Check() error {
	if m := g.checkValues(); m != nil {
		return failure.Input(m)
	}
	return nil
}

// namedRuntimes are the runtimes that the group names, or all.
func (g CaseGroup) namedRuntimes() ([]runtime.Runtime, *misfit) {
	if len(g.Runtimes) == 0 {
		return runtimes.All(), nil
	}
	var out []runtime.Runtime
	for i, name := range g.Runtimes {
		rt, err := runtimes.Named(name)
		if err != nil {
			return nil, badValue("runtimes", i, err)
		}
		out = append(out, rt)
	}
	return out, nil
}

// checkKnown refuses a setting that the group gives and none of the runtimes has.
// why says what is the matter with the others.
func (g CaseGroup) checkKnown(names []string, why string) *misfit {
	for _, s := range results.Settings {
		if !s.Given(g.Settings[s.Name]) {
			continue
		}
		if err := s.Refuse(names, g.Kinds, why); err != nil {
			return &misfit{path: s.Name, err: failure.Input(err)}
		}
		for i, v := range g.Settings[s.Name] {
			if err := s.RefuseValue(names, v); err != nil {
				return badValue(s.Name, i, failure.Input(err))
			}
		}
	}
	return nil
}
