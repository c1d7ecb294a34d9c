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
	s := Suite{Name: "command line", Rounds: rounds, Samples: (reps + rounds - 1) / rounds, Groups: g.byFormat()}.withDefaults()
	if err := s.validate(); err != nil {
		return Suite{}, inputError{err}
	}
	return s, nil
}

// byFormat gives models in GGUF, which mlx does not run, a group for llama.cpp
// alone, unless runtimes or skeletons were asked for.
func (g CaseGroup) byFormat() []CaseGroup {
	if len(g.Runtimes) > 0 || g.Skeleton != "" {
		return []CaseGroup{g}
	}
	ggufs, others := g, g
	ggufs.Models, others.Models, ggufs.Runtimes = nil, nil, []string{llamaCppName}
	for _, ref := range g.Models {
		if strings.EqualFold(filepath.Ext(ref), ".gguf") || strings.HasPrefix(ref, "ollama:") {
			ggufs.Models = append(ggufs.Models, ref)
		} else {
			others.Models = append(others.Models, ref)
		}
	}
	return slices.DeleteFunc([]CaseGroup{ggufs, others}, func(g CaseGroup) bool { return len(g.Models) == 0 })
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
