package stat

import "slices"

// Samples are the durations of one case of one run, and the round of each: the
// process that it came from. No rounds means that this is not known, and all
// samples are taken to be of one.
type Samples struct {
	NS     []int64
	Rounds []int
}

// Run is a run placed case by case.
type Run struct {
	Cases []Summary
	// Errors has, for each case, why it cannot be judged, or nil.
	Errors []error
	// Drift is how much slower the machine was, as logarithms, in each round
	// than in the run, over all cases; nil where they are too few to tell.
	Drift []float64
}

// Has says whether a case was placed.
func (r Run) Has(i int) bool { return i < len(r.Cases) && r.Errors[i] == nil && r.Cases[i].N > 0 }

// Drifted is the difference between the machine's slowest round and its fastest.
func (r Run) Drifted() float64 {
	if len(r.Drift) == 0 {
		return 0
	}
	return slices.Max(r.Drift) - slices.Min(r.Drift)
}

// Place summarises all cases of a run, and takes out of each round what all its
// cases share: a machine that gets hot slows the later rounds of every case.
func Place(cases []Samples) Run {
	r := Run{Cases: make([]Summary, len(cases)), Errors: make([]error, len(cases))}
	logs := make([][]float64, len(cases))
	for i, c := range cases {
		if logs[i], r.Errors[i] = logarithms(c.NS, c.Rounds); r.Errors[i] == nil {
			r.Cases[i] = summarise(logs[i], c.Rounds)
		}
	}
	r.Drift = drift(r.Cases)
	if r.Drift == nil {
		return r
	}
	for i, c := range cases {
		if r.Errors[i] != nil || len(r.Cases[i].rounds) != len(r.Drift) {
			continue
		}
		index, _ := roundIndex(len(c.NS), c.Rounds)
		for k := range logs[i] {
			logs[i][k] -= r.Drift[index[k]]
		}
		r.Cases[i] = summarise(logs[i], c.Rounds)
	}
	return r
}

// enoughRounds is how many cases it takes to tell heat from a change of one.
const enoughRounds = 10

// drift is the median over the cases of each round's distance from the case's
// mean over its rounds.
func drift(cases []Summary) []float64 {
	var byRound [][]float64
	for _, s := range cases {
		if len(s.rounds) < 2 {
			continue
		}
		m := mean(s.rounds)
		for r, x := range s.rounds {
			if r == len(byRound) {
				byRound = append(byRound, nil)
			}
			byRound[r] = append(byRound[r], x-m)
		}
	}
	var effects []float64
	for _, xs := range byRound {
		if len(xs) < enoughRounds {
			return nil
		}
		effects = append(effects, Median(xs))
	}
	return effects
}
