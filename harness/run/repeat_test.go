package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"assay/harness/subject"
	"assay/harness/suite"
	"assay/harness/worker"
	"assay/results"
)

// after is the execution of one case that was timed in so many rounds, each
// with three samples that are apart by the spread.
func after(rounds int, spread float64, change func(*execution)) *execution {
	x := &execution{journal: &journal{done: map[visit]entry{}}}
	x.plan.Suite = suite.Suite{Rounds: 2, MaxRounds: 6, Precision: 0.05}
	x.plan.Items = []subject.Item{{Case: results.Case{Kind: results.KindDecode, NGen: 100}}}
	for round := range rounds {
		samples := []int64{1e9, int64(1e9 * (1 + spread)), int64(1e9 * (1 - spread))}
		x.done[visit{0, round}] = entry{Outcome: &worker.Outcome{Measured: &results.Measured{SamplesNS: samples}}}
	}
	if change != nil {
		change(x)
	}
	return x
}

// A timed case is measured again until its interval is as narrow as asked, the
// rounds are through, or the time is spent.
func TestRepetitionsGoOnUntilTheIntervalIsNarrow(t *testing.T) {
	for name, tt := range map[string]struct {
		rounds int
		spread float64
		change func(*execution)
		more   bool
	}{
		"the first round":               {0, 0, nil, true},
		"the second, however narrow":    {1, 0, nil, true},
		"narrow":                        {2, 0.01, nil, false},
		"a little narrower than asked":  {3, 0.045, nil, false},
		"a little wider than asked":     {3, 0.06, nil, true},
		"wide":                          {2, 0.2, nil, true},
		"wide, but all rounds are done": {6, 0.2, nil, false},
		"wide, but nothing was asked":   {2, 0.2, func(x *execution) { x.plan.Suite.Precision = 0 }, false},
		"wide, but out of time":         {2, 0.2, func(x *execution) { x.deadline = time.Now().Add(-time.Second) }, false},
		"out of time before the second": {1, 0.2, func(x *execution) { x.deadline = time.Now().Add(-time.Second) }, true},
		"failed": {1, 0.2, func(x *execution) {
			x.done[visit{0, 0}] = entry{Failure: "killed"}
		}, false},
		"not timed": {1, 0.2, func(x *execution) { x.plan.Items[0].Case.Kind = results.KindKV }, false},
	} {
		x := after(tt.rounds, tt.spread, tt.change)
		assert.Equal(t, tt.more, len(x.due(tt.rounds)) == 1, name)
	}
}
