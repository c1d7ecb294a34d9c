package roofline

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Options change what New accepts.
type Options struct {
	// Unfit takes in observations of a machine that was not fit to be measured.
	Unfit bool
}

// unfitMachine is why an observation is left out that Options.Unfit takes in.
const unfitMachine = "the machine was not fit"

// usable splits off the observations that a fit must not see, each with why.
func usable(all []Observation, opt Options) (obs []Observation, leftOut []string) {
	for _, o := range all {
		switch err := o.Work.Check(); {
		case err != nil:
			leftOut = append(leftOut, fmt.Sprintf("%s: %v", o.Case, err))
		case !(o.Seconds > 0) || math.IsInf(o.Seconds, 1):
			leftOut = append(leftOut, fmt.Sprintf("%s: took %g s", o.Case, o.Seconds))
		case o.Kind != KindPrefill && o.Kind != KindDecode:
			leftOut = append(leftOut, fmt.Sprintf("%s: a %q case is not timed", o.Case, o.Kind))
		case len(o.Unfit) > 0 && !opt.Unfit:
			leftOut = append(leftOut, fmt.Sprintf("%s: %s (%s)", o.Case, unfitMachine, strings.Join(o.Unfit, "; ")))
		default:
			obs = append(obs, o)
		}
	}
	return obs, leftOut
}

// The least from which a fit can be judged: three models, so that leaving one
// out still shows what is common to two, and of each kind enough for a
// prediction interval.
const (
	minModels = 3
	minCases  = 6
	// casesPerCost leaves every cost a case to be judged by besides the one that
	// determines it.
	casesPerCost = 2
)

// check refuses what would give numbers that mean nothing. Each sentence says
// what is missing and which cases to add.
func check(obs []Observation, leftOut []string) error {
	if len(obs) == 0 {
		return fmt.Errorf("no usable observation%s; 'assay run --calibrate' measures what a fit needs", because(leftOut))
	}
	if m := distinct(obs, func(o Observation) string { return o.Machine }); len(m) > 1 {
		return fmt.Errorf("the observations are of %d machines (%s), and a fit is of one: name runs of one machine and one number of threads",
			len(m), strings.Join(m, "; "))
	}
	if m := distinct(obs, func(o Observation) string { return o.Runtime }); len(m) > 1 {
		return fmt.Errorf("the observations are of %d runtimes (%s), and a fit is of one: name runs of one runtime",
			len(m), strings.Join(m, "; "))
	}
	if err := contradiction(obs); err != nil {
		return err
	}
	if m := models(obs); len(m) < minModels {
		return fmt.Errorf("all observations are of %s, and a cost per byte, per operation and per product only come apart over %d or more "+
			"models of different shapes: add prefill and decode cases of other models, or run 'assay run --calibrate'%s",
			strings.Join(m, " and "), minModels, because(leftOut))
	}
	for _, kind := range []string{KindPrefill, KindDecode} {
		if err := checkKind(obs, kind, leftOut); err != nil {
			return err
		}
	}
	if len(obs) < leastResiduals {
		return fmt.Errorf("there are %d usable cases and a 95 %% interval needs %d: add prefill and decode cases of several models%s", len(obs),
			leastResiduals, because(leftOut))
	}
	plain := newProblem(Form{Sum, Attention{Memory: CacheFree}, PerProduct}, obs)
	if n := casesPerCost * len(plain.names); len(obs) < n {
		return fmt.Errorf("there are %d usable cases for %d costs (%s), and a fit needs %d: add cases, or leave weight types out%s",
			len(obs), len(plain.names), strings.Join(plain.names, "; "), n, because(leftOut))
	}
	return nil
}

// checkKind asks for enough cases of a kind, and decode at more than one depth.
func checkKind(obs []Observation, kind string, leftOut []string) error {
	of := slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool { return o.Kind != kind })
	if len(of) < minCases {
		return fmt.Errorf("there are %d usable %s cases and a fit needs %d: add %s cases of several models%s", len(of), kind, minCases,
			kind, because(leftOut))
	}
	if kind == KindDecode {
		if d := distinct(of, func(o Observation) string { return fmt.Sprint(o.Depth) }); len(d) < 2 {
			return fmt.Errorf("all decode cases are at depth %s, so that the cost of attention cannot be told from the weights': add decode "+
				"cases at other depths (-d 0,512,2048)", d[0])
		}
		return nil
	}
	if d := distinct(of, func(o Observation) string { return fmt.Sprint(o.Work.Tokens / o.Work.Steps) }); len(d) < 2 {
		return fmt.Errorf("all prefill cases have %s tokens a batch, so that arithmetic cannot be told from reading the weights: add prefill "+
			"cases of other lengths (-p 32,512)", d[0])
	}
	return nil
}

// maxDisagreement is how far apart two measurements of the same case may lie.
const maxDisagreement = 1.5

// contradiction finds a case that was measured twice with different results.
func contradiction(obs []Observation) error {
	first := map[string]Observation{}
	for _, o := range obs {
		p, seen := first[o.Case]
		if !seen {
			first[o.Case] = o
			continue
		}
		if ratio := o.Seconds / p.Seconds; ratio > maxDisagreement || ratio < 1/maxDisagreement {
			return fmt.Errorf("%s took %.4g s in run %s and %.4g s in run %s: one of the runs was disturbed, or the machine changed between "+
				"them; leave one out",
				o.Case, p.Seconds, p.Run, o.Seconds, o.Run)
		}
	}
	return nil
}

func distinct(obs []Observation, of func(Observation) string) []string {
	var v []string
	for _, o := range obs {
		v = append(v, of(o))
	}
	slices.Sort(v)
	return slices.Compact(v)
}

// because says what was left out, when something was.
func because(leftOut []string) string {
	if len(leftOut) == 0 {
		return ""
	}
	hint := ""
	if slices.ContainsFunc(leftOut, func(s string) bool { return strings.Contains(s, unfitMachine) }) {
		hint = "; --unfit takes cases of such a machine in"
	}
	return fmt.Sprintf(" (%d left out, the first: %s%s)", len(leftOut), leftOut[0], hint)
}
