// Package bisect finds the release of a library in which a figure of some cases
// moved: it measures as few of the releases between a good and a bad one as it
// needs. It does not know how a release is fetched or measured, nor what is printed.
package bisect

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"assay/harness/failure"
	"assay/harness/run"
	"assay/harness/suite"
	"assay/results"
	"assay/results/diff"
)

// Release is one release that can be measured.
type Release struct {
	Name string `json:"name"`
	// Get makes it available and returns the variable that names its library to a
	// worker, "NAME=path". It is called when the release is first needed.
	Get func(context.Context) (string, error) `json:"-"`
}

// Time stands for the times of the cases; every other figure is one of package
// diff's exact ones.
const Time = "time"

// Output stands for what comes out of the cases, which moved where rounding does not
// explain it.
const Output = "output"

// Figures are the figures that can be followed. An empty one is whatever moved from
// good to bad, of those without noise if there is one, then of what comes out.
func Figures() []string { return []string{"kv_bytes", "kv_layers", "flops", "nodes", Output, Time} }

// Search is what is asked.
type Search struct {
	// Suite has the cases.
	Suite suite.Suite
	// Releases are in their order; the first is good and the last bad.
	Releases []Release
	Figure   string
	// Options are those of the runs.
	Options run.Options
	// Tell is told of each step as soon as it is known; it may be nil.
	Tell func(Step)
}

// Step is one release beside the good one.
type Step struct {
	Release string `json:"release"`
	// Moved says that the figure is another one than the good release's.
	Moved bool `json:"moved"`
	// Evidence has a sentence for each case and figure that moved.
	Evidence []string `json:"evidence,omitempty"`
	// Chance is the largest chance of a time that moved to do so by itself; absent
	// for figures without noise, which are sure.
	Chance *float64 `json:"chance,omitempty"`
	// Beyond is how many times further what came out moved than rounding explains, of
	// the case in which it moved least; absent where none did.
	Beyond *float64 `json:"beyond_rounding,omitempty"`
	// Failed says why the release could not be measured.
	Failed string `json:"failed,omitempty"`
}

// Result is where the figure moved.
type Result struct {
	Figure string `json:"figure"`
	// Last is the last release that is as the good one, First the first that is not.
	Last  string `json:"last"`
	First string `json:"first"`
	// Unknown are the releases between them that could not be measured.
	Unknown []string `json:"unknown,omitempty"`
	// Steps are in the order in which they were made.
	Steps []Step `json:"steps"`
}

// Find measures both ends, and then halves.
func Find(ctx context.Context, s Search) (Result, error) {
	if len(s.Releases) < 2 {
		return Result{}, failure.Input(errors.New("good and bad are the same release; name two"))
	}
	f := &finder{Search: s}
	bad := len(s.Releases) - 1
	moved, err := f.step(ctx, bad)
	if err != nil {
		return f.Result, err
	}
	if moved.Failed != "" {
		return f.Result, failure.Input(fmt.Errorf("the bad release cannot be measured: %s", moved.Failed))
	}
	if !moved.Moved {
		return f.Result, failure.Input(fmt.Errorf("nothing moved from %s to %s (%s); try another case, or follow another figure with --figure",
			s.Releases[0].Name, s.Releases[bad].Name, f.followed()))
	}
	return f.Result, f.halve(ctx, 0, bad)
}

// finder is a search under way.
type finder struct {
	Search
	Result
	base   *results.Run
	broken map[int]bool
}

// halve narrows down until nothing that can be measured lies between.
func (f *finder) halve(ctx context.Context, good, bad int) error {
	f.broken = map[int]bool{}
	for {
		next, ok := f.middle(good, bad)
		if !ok {
			break
		}
		step, err := f.step(ctx, next)
		switch {
		case err != nil:
			return err
		case step.Failed != "":
			f.broken[next] = true
		case step.Moved:
			bad = next
		default:
			good = next
		}
	}
	f.Last, f.First = f.Releases[good].Name, f.Releases[bad].Name
	for i := good + 1; i < bad; i++ {
		f.Unknown = append(f.Unknown, f.Releases[i].Name)
	}
	return nil
}

// middle is the release nearest to the middle that was not tried in vain.
func (f *finder) middle(good, bad int) (int, bool) {
	best, found := 0, false
	for i := good + 1; i < bad; i++ {
		if !f.broken[i] && (!found || far(i, good, bad) < far(best, good, bad)) {
			best, found = i, true
		}
	}
	return best, found
}

func far(i, good, bad int) int { return max(2*i-good-bad, good+bad-2*i) }

// step measures a release and sets it beside the good one. Times are compared with
// those of the good release measured just before: what the machine did between them
// is in both.
func (f *finder) step(ctx context.Context, at int) (Step, error) {
	if f.base == nil || f.follows(Time) {
		base, err := f.measure(ctx, f.Releases[0])
		if err != nil {
			return Step{}, fmt.Errorf("%s, the good release: %w", f.Releases[0].Name, err)
		}
		f.base = &base
	}
	step := Step{Release: f.Releases[at].Name}
	head, err := f.measure(ctx, f.Releases[at])
	switch {
	case ctx.Err() != nil:
		return step, err
	case err != nil:
		step.Failed = err.Error()
	default:
		d, err := diff.Compare(*f.base, head, diff.Options{})
		if err != nil {
			return step, err
		}
		f.judge(&step, d)
	}
	f.Steps = append(f.Steps, step)
	if f.Tell != nil {
		f.Tell(step)
	}
	return step, nil
}

// measure runs the suite in one release. A case that failed fails the release.
func (f *finder) measure(ctx context.Context, r Release) (results.Run, error) {
	library, err := r.Get(ctx)
	if err != nil {
		return results.Run{}, err
	}
	out := results.Run{ID: r.Name, Source: r.Name}
	opt := f.Options
	opt.NoStore, opt.Purpose, opt.Env = true, "bisect", []string{library}
	opt.Record = func(rec results.Record) { out.Records = append(out.Records, rec) }
	bench, err := run.New(ctx, opt)
	if err != nil {
		return out, err
	}
	if err := bench.Run(ctx, f.Suite); err != nil {
		return out, err
	}
	for _, rec := range out.Records {
		if rec.Measured == nil || rec.Status == results.StatusFailed {
			return out, fmt.Errorf("%s: %s", rec.Case.Test(), rec.Error)
		}
	}
	return out, nil
}

// judge says what of the figure moved. Where none was named, the first step chooses.
func (f *finder) judge(step *Step, d diff.Diff) {
	exact, outputs, times := evidence(d)
	if f.Result.Figure = f.Search.Figure; f.Search.Figure == "" && len(f.Steps) == 0 {
		switch {
		case len(exact) > 0:
			f.Search.Figure = anyExact
		case len(outputs) > 0:
			f.Search.Figure = Output
		default:
			f.Search.Figure = Time
		}
	}
	f.Result.Figure = f.followed()
	for _, e := range exact {
		if f.follows(e.Figure) {
			step.Evidence = append(step.Evidence, e.text)
		}
	}
	if f.follows(Output) {
		for _, o := range outputs {
			step.Evidence = append(step.Evidence, o.text)
			if o.beyond != nil && (step.Beyond == nil || *o.beyond < *step.Beyond) {
				step.Beyond = o.beyond
			}
		}
	}
	if f.follows(Time) {
		for _, t := range times {
			step.Evidence = append(step.Evidence, t.text)
			if t.chance != nil && (step.Chance == nil || *t.chance > *step.Chance) {
				step.Chance = t.chance
			}
		}
	}
	slices.Sort(step.Evidence)
	step.Evidence = slices.Compact(step.Evidence)
	step.Moved = len(step.Evidence) > 0
}

// anyExact follows all figures without noise.
const anyExact = "exact"

func (f *finder) follows(figure string) bool {
	return f.Search.Figure == figure || f.Search.Figure == anyExact && figure != Time && figure != Output
}

func (f *finder) followed() string {
	if f.Search.Figure == anyExact {
		return "figures without noise"
	}
	return f.Search.Figure
}
