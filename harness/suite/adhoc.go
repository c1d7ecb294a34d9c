package suite

import (
	"fmt"
	"slices"

	"assay/harness/failure"
	"assay/harness/runtimes"
	"assay/results"
)

// AdHoc is the suite of what is given on the command line: reps samples of
// each timed case, spread over the rounds. A kind whose token counts are all 0
// is left out, as with llama-bench's -p 0 and -n 0.
func AdHoc(g CaseGroup, kinds []string, reps, rounds int) (Suite, error) {
	for _, k := range kinds {
		if k := results.Kind(k); k == results.KindKV || k == results.KindPlan || !g.isEmpty(k) {
			g.Kinds = append(g.Kinds, k)
		}
	}
	if len(g.Kinds) == 0 && len(g.PG) == 0 {
		return Suite{}, failure.Input(fmt.Errorf("nothing to measure: -p 0 and -n 0 leave no case"))
	}
	rounds = min(rounds, reps)
	groups := g.byFormat()
	if m := g.checkKnown(runtimesOf(groups), NotToRun); m != nil {
		return Suite{}, m
	}
	s := Suite{Name: "command line", Rounds: rounds, Samples: (reps + rounds - 1) / rounds, Total: reps, Groups: groups,
		together: true}.WithDefaults()
	if err := s.validate(); err != nil {
		return Suite{}, failure.Input(err)
	}
	return s, nil
}

// byFormat gives models in a format that only one runtime runs a group for that
// runtime alone, unless runtimes or skeletons were asked for.
func (g CaseGroup) byFormat() []CaseGroup {
	if len(g.Runtimes) > 0 || g.Skeleton != "" {
		return []CaseGroup{g}
	}
	var groups []CaseGroup
	for _, only := range append(namesOf(runtimes.All()), "") {
		part := g
		part.Models = slices.DeleteFunc(slices.Clone(g.Models), func(ref string) bool { return runtimes.FormatOf(ref) != only })
		if only != "" {
			part.Runtimes = []string{only}
		}
		if len(part.Models) > 0 {
			groups = append(groups, part)
		}
	}
	return groups
}

// runtimesOf are the runtimes of all groups; all where a group names none.
func runtimesOf(groups []CaseGroup) (names []string) {
	for _, g := range groups {
		if len(g.Runtimes) == 0 {
			return namesOf(runtimes.All())
		}
		names = append(names, g.Runtimes...)
	}
	return names
}
