package published

import (
	"maps"
	"math"
	"slices"
	"sync"
)

// observation is a figure with what it was measured on and the work that it did.
type observation struct {
	Figure
	shape   shape
	setting Setting
	// marked names the first rule that doubts the figure; empty where none does.
	marked string
}

// project is who published the figure, group whose rows are alike.
func (o observation) project() string { return sources()[o.Source].Project }
func (o observation) date() string    { return sources()[o.Source].Date }

// rule marks figures that something else explains better than the machine: the
// first of them that holds is named. They are applied to all rows alike.
type rule struct {
	name  string
	holds func(observation) bool
}

var rules = []rule{
	{"old build", func(o observation) bool {
		return o.Runtime == LlamaCpp && o.date() != "" && o.date() < "2023-11" && o.project() != "ggml-org/llama.cpp"
	}},
	{"peak of a burst", func(o observation) bool { return o.Setup.has("burst") }},
	{"over the memory", func(o observation) bool {
		return o.Memory != nil && o.bytes(o.shape.Params*1e9) > 0.88**o.Memory*(1<<30)
	}},
	{"noisy", func(o observation) bool { return o.Stddev != nil && *o.Stddev > 0.15*o.Speed }},
	{"above the bandwidth", func(o observation) bool {
		return o.decodes() && o.Speed*o.bytes(o.shape.active()) > 1.1*o.setting.Chip.Bandwidth
	}},
	{"above the peak", func(o observation) bool {
		return !o.decodes() && o.shape.Shared == 0 && o.perCore() > peakOfCore[o.generation()]
	}},
	{"slow", observation.slow},
}

// peakOfCore is what a GPU core could do at most at 16-bit floats, in 10^12
// operations a second.
var peakOfCore = map[string]float64{"M1": 0.33, "M2": 0.36, "M3": 0.41, "M4": 0.47, "M5": 2.0}

func (o observation) generation() string {
	g, _ := o.setting.generation()
	return g
}

// bytes of so many parameters in the figure's type.
func (o observation) bytes(params float64) float64 {
	m := mixOf(o.Weights)
	b := mean(m.body)
	if o.shape.Experts > 0 {
		b = mean(m.experts)
	}
	return params * b / 8
}

// perCore is the 10^12 operations a second and core that a prompt reached.
func (o observation) perCore() float64 {
	return 2 * o.shape.active() * o.Speed / float64(o.setting.Chip.GPUCores) / 1e12
}

// lenient is the time of a token that a machine in order would stay well below:
// bytes at a share of the bandwidth, and a fixed time in seconds.
var lenient = map[string]map[bool]struct{ bytes, fixed float64 }{
	LlamaCpp: {false: {1.2, 3e-3}, true: {1.6, 4.25e-3}},
	MLX:      {false: {1.2, 2.25e-3}, true: {1.4, 3.25e-3}},
}

// slowPerCore is a quarter of what prompts reach on a core of the generation, in
// 10^12 operations a second.
var slowPerCore = map[string]float64{"M1": 0.052, "M2": 0.058, "M3": 0.065, "M4": 0.07, "M5": 0.2}

func (o observation) slow() bool {
	if !o.decodes() {
		limit := slowPerCore[o.generation()]
		if o.setting.NoTensor {
			limit /= 3
		}
		return o.tokens() >= 256 && o.tokens() <= 4096 && o.perCore() < limit
	}
	at := lenient[o.Runtime][o.shape.Experts > 0]
	bare := o.bytes(o.shape.active()) / o.setting.Chip.Bandwidth
	return o.depth() <= 2048 && (1/o.Speed > 2*(at.bytes*bare+at.fixed) || bare > 0.02 && 1/o.Speed > 4*bare)
}

// mark applies the rules, and those that need several rows.
func mark(list []observation) {
	for i := range list {
		for _, r := range rules {
			if r.holds(list[i]) {
				list[i].marked = r.name
				break
			}
		}
	}
	unsteady(list)
	slowSources(list)
	disagreeing(list)
}

// by groups the indices of rows.
func by(list []observation, key func(observation) string) map[string][]int {
	out := map[string][]int{}
	for i, o := range list {
		out[key(o)] = append(out[key(o)], i)
	}
	return out
}

// unsteady marks a file's rows of one model whose speed wanders: decode over
// lengths up to 1,024 by more than 1.3, or a prompt below 1,024 tokens that is
// 30 % slower than a shorter one.
func unsteady(list []observation) {
	for _, rows := range by(list, func(o observation) string {
		return o.Source + o.Runtime + o.setting.Chip.ID() + o.Model + o.Weights + o.Test + string(o.Setup) + o.Version
	}) {
		low, high, worst := math.Inf(1), 0.0, false
		for _, i := range rows {
			o := list[i]
			if o.tokens()+o.depth() > 1024 || o.marked != "" {
				continue
			}
			low, high = min(low, o.Speed), max(high, o.Speed)
			for _, j := range rows {
				shorter := list[j]
				worst = worst || !o.decodes() && shorter.tokens() < o.tokens() && shorter.depth() == o.depth() && o.Speed < 0.7*shorter.Speed
			}
		}
		for _, i := range rows {
			if list[i].marked == "" && (worst || list[i].decodes() && high > 1.3*low) {
				list[i].marked = "unsteady"
			}
		}
	}
}

// slowSources marks all rows of one source, chip and runtime of whose decode
// more than half is slow.
func slowSources(list []observation) {
	for _, rows := range by(list, func(o observation) string { return o.project() + o.setting.Chip.ID() + o.Runtime }) {
		slow, all := 0, 0
		for _, i := range rows {
			if list[i].decodes() {
				all++
			}
			if list[i].decodes() && list[i].marked == "slow" {
				slow++
			}
		}
		for _, i := range rows {
			if 2*slow > all && list[i].marked == "" {
				list[i].marked = "slow source"
			}
		}
	}
}

// disagreeing marks a row that is off by more than 1.6 from the median of what
// at least three projects say of the same work.
func disagreeing(list []observation) {
	for _, rows := range by(list, func(o observation) string {
		return o.Runtime + o.setting.Chip.ID() + o.Model + o.Weights + o.Test
	}) {
		medians := map[string][]float64{}
		for _, i := range rows {
			if list[i].marked == "" && list[i].depth() <= 1100 && list[i].tokens() <= 2048 {
				medians[list[i].project()] = append(medians[list[i].project()], list[i].Speed)
			}
		}
		if len(medians) < 3 {
			continue
		}
		var of []float64
		for _, v := range medians {
			of = append(of, median(v))
		}
		middle := median(of)
		for _, i := range rows {
			if r := list[i].Speed / middle; list[i].marked == "" && list[i].depth() <= 1100 && (r > 1.6 || r < 1/1.6) {
				list[i].marked = "disagrees"
			}
		}
	}
}

// median is the middle of v, which it sorts.
func median(v []float64) float64 {
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// observations are all figures with their marks.
var observations = sync.OnceValues(func() ([]observation, error) {
	list := make([]observation, 0, len(figures()))
	for _, f := range figures() {
		chip, err := f.chip()
		if err != nil {
			return nil, err
		}
		s, ok := shapes()[f.Model]
		if !ok {
			return nil, errNoShape(f.Model, slices.Sorted(maps.Keys(shapes())))
		}
		o := observation{Figure: f, shape: s}
		o.setting = Setting{
			Chip: chip, Runtime: f.Runtime, NoTensor: f.Setup.has("no-tensor"), Fanless: f.Setup.has("fanless"), Server: f.Setup.has("server"),
			rested: f.Setup.has("rest"),
		}
		if f.Runtime == LlamaCpp && o.date() != "" {
			o.setting.old, o.setting.serial, o.setting.unfused = o.date() < "2024-06", o.date() < "2025-09", o.date() < "2026-05"
		}
		list = append(list, o)
	}
	mark(list)
	return list, nil
})
