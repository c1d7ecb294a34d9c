package harness

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"assay/results"
)

// AdHoc is the suite of what is given on the command line: reps samples of
// each timed case, spread over the rounds. A kind whose token counts are all 0
// is left out, as with llama-bench's -p 0 and -n 0.
func AdHoc(g CaseGroup, kinds []string, reps, rounds int) (Suite, error) {
	for _, k := range kinds {
		if !isEmptyKind(g, results.Kind(k)) {
			g.Kinds = append(g.Kinds, results.Kind(k))
		}
	}
	if len(g.Kinds) == 0 && len(g.PG) == 0 {
		return Suite{}, inputError{fmt.Errorf("nothing to measure: -p 0 and -n 0 leave no case")}
	}
	rounds = min(rounds, reps)
	groups := g.byFormat()
	if m := g.checkSettings(runtimesOf(groups)); m != nil {
		return Suite{}, m
	}
	s := Suite{Name: "command line", Rounds: rounds, Samples: (reps + rounds - 1) / rounds, Groups: groups}.withDefaults()
	if err := s.validate(); err != nil {
		return Suite{}, inputError{err}
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
	for _, only := range []string{llamaCppName, mlxName, ""} {
		part := g
		part.Models = slices.DeleteFunc(slices.Clone(g.Models), func(ref string) bool { return formatOf(ref) != only })
		if only != "" {
			part.Runtimes = []string{only}
		}
		if len(part.Models) > 0 {
			groups = append(groups, part)
		}
	}
	return groups
}

// formatOf names the one runtime that runs files of the model's format, or is
// empty for what every runtime can stand a skeleton in for.
func formatOf(ref string) string {
	if strings.EqualFold(filepath.Ext(ref), ".gguf") || strings.HasPrefix(ref, "ollama:") {
		return llamaCppName
	}
	if weights, _ := filepath.Glob(filepath.Join(ref, "*.safetensors")); len(weights) > 0 {
		return mlxName
	}
	return ""
}

// RuntimeFor names the runtime that one looks at where none is asked for:
// llama.cpp, unless every model is a folder of safetensors, which is mlx's.
func RuntimeFor(refs ...string) string {
	if slices.ContainsFunc(refs, func(ref string) bool { return formatOf(ref) != mlxName }) {
		return llamaCppName
	}
	return mlxName
}

// runtimesOf are the runtimes of all groups; none where a group runs on all.
func runtimesOf(groups []CaseGroup) (names []string) {
	for _, g := range groups {
		if len(g.Runtimes) == 0 {
			return nil
		}
		names = append(names, g.Runtimes...)
	}
	return names
}

func isEmptyKind(g CaseGroup, k results.Kind) bool {
	switch k {
	case results.KindPrefill:
		return onlyZeros(g.NPrompt)
	case results.KindDecode:
		return onlyZeros(g.NGen)
	}
	return false
}

func onlyZeros(list []int) bool {
	for _, n := range list {
		if n != 0 {
			return false
		}
	}
	return len(list) > 0
}
