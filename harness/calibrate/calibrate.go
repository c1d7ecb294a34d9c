// Package calibrate designs the suite from which a machine can be fitted, within a
// budget of time. It does not know how the suite is run.
package calibrate

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"assay/harness/failure"
	"assay/harness/machine"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/speed"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/predict/arch"
	"assay/predict/roofline"
	"assay/results"
)

const defaultBudget = 5 * time.Minute

// budgetSpare is the part of the budget that is left for what the estimate of
// the cases' time misses: 3 % where it was 3 min 4 s and the run took 3 min 10 s.
const budgetSpare = 10

// What each chosen case is measured with.
const (
	rounds  = 2
	samples = 3
)

// Suite designs the suite from which this machine can be fitted: of
// every shape, weight type, length and depth the smallest set of cases from
// which the fit is well conditioned (roofline.Calibrate), within the budget.
func Suite(ctx context.Context, opt Options) (suite.Suite, roofline.Calibration, error) {
	opt.Runtime = cmp.Or(opt.Runtime, runtimes.For())
	host := machine.Read(ctx)
	rt, err := runtimes.Named(opt.Runtime)
	if err != nil {
		return suite.Suite{}, roofline.Calibration{}, err
	}
	what := rt.Calibration(host)
	grid := gridOf(what)
	if opt.Experts && !grid.mixtures {
		return suite.Suite{}, roofline.Calibration{},
			failure.Input(fmt.Errorf("mixtures of experts take longer than a calibration in %s here; leave out --experts", opt.Runtime))
	}
	opt = opt.withDefaults(what)
	refs, err := grid.writeModels(opt.Experts)
	if err != nil {
		return suite.Suite{}, roofline.Calibration{}, err
	}
	if err := check(rt, opt); err != nil {
		return suite.Suite{}, roofline.Calibration{}, err
	}
	n := grid.nominal(host, opt)
	var groups []suite.CaseGroup
	var candidates []roofline.Candidate
	for _, ref := range refs {
		f, err := subject.Facts(ctx, ref)
		if err != nil {
			return suite.Suite{}, roofline.Calibration{}, fmt.Errorf("calibration: %w", err)
		}
		for _, g := range grid.groups(ref, opt) {
			c, err := candidate(rt, f, g, n)
			if err != nil {
				return suite.Suite{}, roofline.Calibration{}, fmt.Errorf("calibration: %w", err)
			}
			groups, candidates = append(groups, g), append(candidates, c)
		}
	}
	plan, err := roofline.Calibrate(candidates, n, opt.Budget-opt.Budget/budgetSpare)
	if err != nil {
		return suite.Suite{}, roofline.Calibration{}, failure.Input(fmt.Errorf("calibration: %w", err))
	}
	s := suite.Suite{Name: "calibration", Rounds: rounds, Samples: samples, Budget: suite.Duration(opt.Budget)}
	for _, i := range plan.Chosen {
		s.Groups = append(s.Groups, groups[i])
	}
	return s.WithDefaults(), plan, nil
}

// check holds what was asked for against what the runtime can do.
func check(rt runtime.Runtime, opt Options) error {
	g := opt.group()
	g.Runtimes, g.WeightTypes = []string{rt.Name()}, opt.WeightTypes
	return g.Check()
}

func (o Options) withDefaults(c runtime.Calibration) Options {
	o.Budget = cmp.Or(o.Budget, defaultBudget)
	if len(o.WeightTypes) == 0 {
		o.WeightTypes = c.Types
	}
	return o
}

// What a case takes besides its samples, guessed: a worker opens the library and
// reads the device list in workerStart, and loads loadRate bytes a second of a
// file that the system has in memory. It only orders the cases and keeps to the
// budget: what 'assay run --calibrate' announced as 2 min 56 s took 4 min 33 s on
// two cores of a Xeon whose speed wandered.
const (
	workerStart = 300 * time.Millisecond
	loadRate    = 1e9
)

// candidate counts the work of a group's only case.
func candidate(rt runtime.Runtime, f arch.Facts, g suite.CaseGroup, n roofline.Nominal) (roofline.Candidate, error) {
	it := g.Items(rt.Name(), g.Models[0], f)[0]
	p, err := rt.Predict(f, f, it.WeightType, it.Case, results.Runtime{})
	if err != nil {
		return roofline.Candidate{}, err
	}
	if p.Cost == nil {
		return roofline.Candidate{}, speed.Uncounted(rt.Name())
	}
	w := speed.WorkOf(it.Case, p.Cost)
	fixed := workerStart + seconds(float64(*p.WeightBytes)/loadRate)
	if it.Case.NDepth > 0 {
		// Filling the cache goes at the rate of a prompt.
		perToken := 2 * float64(*p.WeightBytes) // FLOPs, at about one byte a weight
		fixed += seconds(perToken * float64(it.Case.NDepth) / n.Compute)
	}
	return roofline.Candidate{
		Model: f.Name, Kind: string(it.Case.Kind), Work: w,
		Repeat: rounds * samples, Fixed: rounds * fixed,
	}, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
