package doctor

import (
	"context"
	"time"

	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/worker"
)

// Checkup is all that was tried on this machine.
type Checkup struct {
	Time time.Time `json:"time"`
	Diagnosis
	Findings []Finding `json:"findings"`
	Seconds  float64   `json:"seconds"`
}

// Count is how many findings came to the verdict.
func (c Checkup) Count(v Verdict) int {
	n := 0
	for _, f := range c.Findings {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

// FileName is what a checkup is called that is kept.
func (c Checkup) FileName() string {
	return "assay-check-" + c.Time.Format("20060102T150405Z") + ".json"
}

// checkTime is after what nothing more is begun: a check must be over in three minutes.
const checkTime = 150 * time.Second

// Check tries all that is taken for granted, and tells of each finding as soon as it
// is known; tell may be nil. Skeletons are written where other runs keep theirs.
func Check(ctx context.Context, tell func(Finding)) (Checkup, error) {
	began := time.Now()
	c := Checkup{Time: began.UTC().Truncate(time.Second)}
	var err error
	if c.Diagnosis, err = Diagnose(ctx); err != nil {
		return c, err
	}
	b, err := newBench()
	if err != nil {
		return c, err
	}
	list := machineExperiments()
	for _, p := range c.Runtimes {
		list = append(list, b.ofRuntime(p)...)
	}
	for _, e := range list {
		if time.Since(began) > checkTime {
			e.look = func(context.Context) ([]runtime.Reading, error) {
				return nil, runtime.NotHere("what came before took %.0f s", time.Since(began).Seconds())
			}
		}
		f := e.try(ctx)
		if ctx.Err() != nil {
			return c, ctx.Err()
		}
		if c.Findings = append(c.Findings, f); tell != nil {
			tell(f)
		}
	}
	c.Seconds = time.Since(began).Seconds()
	return c, nil
}

// ofRuntime are all experiments on a runtime; of one that cannot be used each says why.
func (b *bench) ofRuntime(p worker.Probed) []experiment {
	rt, err := runtimes.Named(p.Name)
	if err != nil {
		return nil
	}
	list := append(b.opened(p), b.trials(rt)...)
	list = append(list, b.cases(rt, p.Runtime)...)
	if p.Err != nil {
		for i := range list[1:] {
			list[i+1].look = func(context.Context) ([]runtime.Reading, error) {
				return nil, runtime.NotHere("%s cannot be used", p.Name)
			}
		}
	}
	return list
}
