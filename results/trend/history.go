package trend

import (
	"iter"
	"math"
	"slices"
	"time"

	"assay/results"
	"assay/results/figure"
	"assay/results/stat"
)

// history is what is kept of the series while they are read.
type history struct {
	machine string
	cases   []reduced
	// unfit and odd count points that were left out.
	unfit, odd int
	// earlier are the keys that cases had before their model's file was part of it.
	earlier map[results.Key]bool
}

// reduced is a series without its samples.
type reduced struct {
	key    results.Key
	points []point
}

type point struct {
	run  string
	time time.Time
	Point
}

func read(series iter.Seq2[results.Series, error]) (*history, error) {
	h := &history{earlier: map[results.Key]bool{}}
	for s, err := range series {
		if err != nil {
			return nil, err
		}
		if len(h.cases) > 0 && s.Machine != h.machine {
			return nil, &Machines{h.machine, s.Machine}
		}
		h.machine = s.Machine
		if s.Earlier != "" {
			h.earlier[s.Earlier] = true
		}
		h.cases = append(h.cases, h.reduce(s))
	}
	return h, nil
}

// reduce drops nights on an unfit machine and those of another history than the
// newest: in another power state, or with other variables.
func (h *history) reduce(s results.Series) reduced {
	r := reduced{key: s.Key, points: make([]point, 0, len(s.Points))}
	newest := newestFit(s.Points)
	for _, p := range s.Points {
		switch {
		case p.Env != nil && p.Env.Unfit:
			h.unfit++
			continue
		case p.Env != nil && newest != nil && !p.Env.SameHistory(*newest):
			h.odd++
			continue
		}
		kept := point{run: p.RunID, time: p.Time, Point: Point{KVBytes: p.KVBytes, FLOPs: p.FLOPs, env: p.Env}}
		if len(p.SamplesNS) > 0 && slices.Min(p.SamplesNS) > 0 {
			ns := math.Exp(stat.Location(p.SamplesNS))
			kept.NS = &ns
		}
		r.points = append(r.points, kept)
	}
	return r
}

// unsure counts the cases that stand under the earlier key of another.
func (h *history) unsure() (n int) {
	for _, c := range h.cases {
		if h.earlier[c.key] {
			n++
		}
	}
	return n
}

func newestFit(points []results.Point) *results.Environment {
	for i := len(points) - 1; i >= 0; i-- {
		if env := points[i].Env; env != nil && !env.Unfit {
			return env
		}
	}
	return nil
}

// trend numbers the nights and gives each point its own.
func (h *history) trend() Trend {
	t := Trend{Cases: make([]Case, len(h.cases)), Warnings: []string{}}
	nights, place := h.nights()
	t.Nights = nights
	for i, r := range h.cases {
		points := make([]Point, len(r.points))
		for k, p := range r.points {
			points[k] = p.Point
			points[k].Night = place[p.run]
		}
		h.cases[i].points = nil // years of many cases are held once
		t.Cases[i] = Case{Key: r.key, Points: points}
	}
	if h.unfit > 0 {
		t.Warnings = append(t.Warnings, "left out: "+figure.Several(h.unfit, "point")+" of a machine that was not fit to be measured")
	}
	if n := h.unsure(); n > 0 {
		t.Warnings = append(t.Warnings, figure.Several(n, "case")+
			" of more than one model by their sizes, measured before a model's file was known: they stand alone")
	}
	if h.odd > 0 {
		t.Warnings = append(t.Warnings, "left out: "+figure.Several(h.odd,
			"point")+" in another power state than the newest, or with other variables")
	}
	return t
}

// nights lists the runs in the order in which the series have them, which is
// that of the store and survives a clock that went backwards.
func (h *history) nights() ([]Night, map[string]int) {
	byLength := slices.Clone(h.cases)
	slices.SortStableFunc(byLength, func(a, b reduced) int { return len(b.points) - len(a.points) })
	nights, place := []Night{}, map[string]int{}
	for _, r := range byLength {
		after := -1
		for _, p := range r.points {
			if at, seen := place[p.run]; seen {
				after = at
				continue
			}
			after++
			nights = slices.Insert(nights, after, Night{p.run, p.time})
			for i := after; i < len(nights); i++ {
				place[nights[i].Run] = i
			}
		}
	}
	return nights, place
}
