package night

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/imports"
	"assay/results/stat"
)

// withoutKernels is the library of the event in testdata/m5max-sessions.csv, an MLX
// that was built without the kernels of the M5.
const withoutKernels = "0.32.0 homebrew"

// laterMachine are the sessions from then on that may be another machine's, says the
// file, and of an engine that changed with every one: nobody knows what moved in them.
const laterMachine = "2026-07-26"

func realSessions(t *testing.T) []results.Run {
	t.Helper()
	runs, err := imports.ReadFile("testdata/m5max-sessions.csv", imports.Options{})
	require.NoError(t, err)
	return runs
}

func inEvent(r results.Run) bool {
	return slices.ContainsFunc(r.Records, func(rec results.Record) bool { return rec.Runtime.With["mlx"] == withoutKernels })
}

// tally is what a replay made of an event: a series is a case that lost three tenths
// of its speed or more with it, and one that came back got faster by two fifths after.
type tally struct {
	hit, found, named int
	back, recovered   int
	elsewhere         []string
	unknown           int
}

func (s *tally) add(o tally) {
	s.hit, s.found, s.named = s.hit+o.hit, s.found+o.found, s.named+o.named
	s.back, s.recovered = s.back+o.back, s.recovered+o.recovered
	s.elsewhere, s.unknown = append(s.elsewhere, o.elsewhere...), s.unknown+o.unknown
}

func (s tally) String() string {
	return fmt.Sprintf("event %3d of %3d, named %3d; recovery %3d of %3d; elsewhere %d; of unknown cause %d",
		s.found, s.hit, s.named, s.recovered, s.back, len(s.elsewhere), s.unknown)
}

// course is one case over the sessions.
type course struct {
	runs    []int
	medians []float64
}

func courses(runs []results.Run) map[results.Key]*course {
	out := map[results.Key]*course{}
	for i, r := range runs {
		for key, rec := range r.ByKey() {
			if out[key] == nil {
				out[key] = &course{}
			}
			out[key].runs = append(out[key].runs, i)
			out[key].medians = append(out[key].medians, rec.Measured.TokensPerSecond.Median)
		}
	}
	return out
}

// score replays the sessions and compares what is said with what is known of them.
func score(t *testing.T, runs []results.Run) tally {
	t.Helper()
	nights, err := Replay(context.Background(), runs, diff.Options{})
	require.NoError(t, err)
	require.Len(t, nights, len(runs))
	var s tally
	first, over := map[string]int{}, map[string]int{} // by runtime: the event's first session, and that after it
	for i, r := range runs {
		name := r.Records[0].Runtime.Name
		switch _, seen := first[name]; {
		case inEvent(r) && !seen:
			first[name] = i
		case seen && !inEvent(r) && over[name] == 0:
			over[name] = i
		}
	}
	for key, c := range courses(runs) {
		s.judgeCourse(key, c, runs, nights)
	}
	for i, n := range nights {
		name := runs[i].Records[0].Runtime.Name
		at, seen := first[name]
		for _, a := range alert.Loud(n.Alerts) {
			if a.Class != alert.Timing && a.Class != alert.Group {
				continue
			}
			what := fmt.Sprintf("%s %s: %s: %s %s", n.Run, a.State, a.Name, a.Title, a.ID)
			switch {
			case a.State != alert.New:
			case seen && (i == at || i == over[name] || inEvent(runs[i])):
			case strings.HasPrefix(n.Run, "2026") && n.Run > laterMachine:
				s.unknown++
			default:
				s.elsewhere = append(s.elsewhere, what)
			}
		}
	}
	return s
}

func (s *tally) judgeCourse(key results.Key, c *course, runs []results.Run, nights []Replayed) {
	at := slices.IndexFunc(c.runs, func(i int) bool { return inEvent(runs[i]) })
	if at < 1 || c.medians[at] > 0.7*stat.Median(c.medians[:at]) {
		return
	}
	s.hit++
	said := func(i int) (alert.Alert, bool) {
		for _, a := range nights[i].Alerts {
			if a.Class == alert.Timing && a.Key == key && a.State != alert.Ongoing {
				return a, true
			}
		}
		return alert.Alert{}, false
	}
	if a, ok := said(c.runs[at]); ok && a.State == alert.New && a.Regression {
		s.found++
		if a.LikelyCause != nil && strings.Contains(alert.Line(a), withoutKernels) {
			s.named++
		}
	}
	after := at
	for after < len(c.runs) && inEvent(runs[c.runs[after]]) {
		after++
	}
	if after < len(c.runs) && c.medians[after] >= 1.4*c.medians[after-1] {
		s.back++
		if a, ok := said(c.runs[after]); ok && (a.State == alert.Recovered || a.State == alert.PartlyRecovered) {
			s.recovered++
		}
	}
}

// only keeps of all sessions the records that are wanted.
func only(runs []results.Run, wanted func(results.Record) bool) []results.Run {
	var out []results.Run
	for _, r := range runs {
		kept := r
		kept.Records = nil
		for _, rec := range r.Records {
			if wanted(rec) {
				kept.Records = append(kept.Records, rec)
			}
		}
		if len(kept.Records) > 0 {
			out = append(out, kept)
		}
	}
	return out
}

func modelsOf(runs []results.Run) []string {
	models := map[string]bool{}
	for _, r := range runs {
		for _, rec := range r.Records {
			models[modelOf(rec)] = true
		}
	}
	return slices.Sorted(maps.Keys(models))
}

// half keeps a random half of what name says of a record.
func half(runs []results.Run, rng *rand.Rand, name func(results.Record) string) []results.Run {
	kept := map[string]bool{}
	return only(runs, func(r results.Record) bool {
		keep, drawn := kept[name(r)]
		if !drawn {
			keep = rng.IntN(2) == 0
			kept[name(r)] = keep
		}
		return keep
	})
}

func modelOf(r results.Record) string { return r.Model.Name + " " + r.Model.WeightType }

// drawn makes sessions of the courses of real ones, before, in and after their event,
// with noise in place of theirs: each case's level is its median there, moved from
// session to session by 5.9 % in prefill and 5.0 % in decode, and its samples by 1.3
// and 0.4 % within one; tails are Student's of 3, one in five first samples is cold.
// Of the former the share common is the whole session's.
func drawn(runs []results.Run, rng *rand.Rand, before int, common float64) []results.Run {
	noise := map[results.Kind][2]float64{results.KindPrefill: {0.059, 0.013}, results.KindDecode: {0.050, 0.004}}
	student := func() float64 { return distuv.StudentsT{Sigma: 1 / math.Sqrt(3), Nu: 3, Src: rng}.Rand() }
	var out []results.Run
	for _, name := range []string{"ax-engine", "mlx-lm", "llama.cpp"} {
		levels := map[results.Key][3][]float64{}
		like := map[results.Key]results.Record{}
		for _, r := range runs {
			phase := 0
			switch {
			case inEvent(r):
				phase = 1
			case r.Records[0].Time.After(eventBegan):
				phase = 2
			}
			for key, rec := range r.ByKey() {
				if rec.Runtime.Name == name {
					l := levels[key]
					l[phase] = append(l[phase], rec.Measured.TokensPerSecond.Median)
					levels[key], like[key] = l, rec
				}
			}
		}
		for n := range before + 4 {
			phase := 0
			if name != "llama.cpp" && n >= before {
				phase = min(2, 1+(n-before)/2)
			}
			r := results.Run{ID: fmt.Sprintf("%s-%02d", name, n)}
			shift := map[results.Kind]float64{}
			for _, key := range slices.Sorted(maps.Keys(levels)) {
				rec, l := like[key], levels[key]
				if len(l[phase]) == 0 || len(l[0]) == 0 {
					continue
				}
				kind := rec.Case.Kind
				if _, seen := shift[kind]; !seen {
					shift[kind] = math.Sqrt(common) * noise[kind][0] * student()
				}
				level := stat.Median(l[phase]) * math.Exp(shift[kind]+math.Sqrt(1-common)*noise[kind][0]*student())
				rec.RunID, rec.Time = r.ID, eventBegan.AddDate(0, 0, n-before)
				rec.Runtime.Version = fmt.Sprint("v", n)
				rec.Runtime.With = map[string]string{"mlx": []string{"0.31.2 homebrew", withoutKernels, "0.32.0 pypi"}[phase]}
				m := *rec.Measured
				m.SamplesNS, m.Rounds = nil, nil
				for i := range 5 {
					x := level * math.Exp(noise[kind][1]*student())
					if i == 0 && rng.IntN(5) == 0 {
						x *= 0.95
					}
					m.SamplesNS, m.Rounds = append(m.SamplesNS, int64(1e9*float64(rec.Case.Tokens())/x)), append(m.Rounds, 0)
				}
				m.TokensPerSecond = results.Speed(m.SamplesNS, rec.Case.Tokens())
				rec.Measured = &m
				r.Records = append(r.Records, rec)
			}
			if len(r.Records) > 0 {
				out = append(out, r)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b results.Run) int { return began(a).Compare(began(b)) })
	return out
}

var eventBegan = time.Date(2026, 7, 8, 12, 0, 0, 0, time.UTC)

// part is a part of the sessions, how many of such there are, and what must come of
// them: the share of the series found, and of those that are said to have come back.
type part struct {
	name             string
	times            int
	of               func(all []results.Run, rng *rand.Rand) []results.Run
	found, recovered float64
	ordinary         bool
}

func parts(all []results.Run) []part {
	models := modelsOf(all)
	n := -1
	next := func() string { n++; return models[n%len(models)] }
	where := func(wanted func(results.Record) bool) func([]results.Run, *rand.Rand) []results.Run {
		return func(all []results.Run, _ *rand.Rand) []results.Run { return only(all, wanted) }
	}
	random := func(name func(results.Record) string) func([]results.Run, *rand.Rand) []results.Run {
		return func(all []results.Run, rng *rand.Rand) []results.Run { return half(all, rng, name) }
	}
	noisy := func(before int, common float64) func([]results.Run, *rand.Rand) []results.Run {
		return func(all []results.Run, rng *rand.Rand) []results.Run { return drawn(all, rng, before, common) }
	}
	return []part{
		{"all", 1, where(func(results.Record) bool { return true }), 1, 1, true},
		{"half of the models", 6, random(modelOf), 0.9, 0.9, false},
		{"half of the cases", 6, random(func(r results.Record) string { return string(r.Key()) }), 0.9, 0.9, false},
		{"two of three sessions", 6, func(all []results.Run, rng *rand.Rand) []results.Run {
			return slices.DeleteFunc(slices.Clone(all), func(results.Run) bool { return rng.IntN(3) == 0 })
		}, 0.9, 0.9, false},
		{"one model", len(models), func(all []results.Run, _ *rand.Rand) []results.Run {
			m := next()
			return only(all, func(r results.Record) bool { return modelOf(r) == m })
		}, 0.9, 0.85, false},
		{"only prefill", 1, where(func(r results.Record) bool { return r.Case.Kind == results.KindPrefill }), 0.9, 0.9, false},
		{"only decode", 1, where(func(r results.Record) bool { return r.Case.Kind == results.KindDecode }), 0, 0, true},
		{"only mlx-lm", 1, where(func(r results.Record) bool { return r.Runtime.Name == "mlx-lm" }), 0.9, 0.9, false},
		{"only ax-engine", 1, where(func(r results.Record) bool { return r.Runtime.Name == "ax-engine" }), 0.9, 0.9, false},
		{"only prompts of 512", 1, where(func(r results.Record) bool { return r.Case.NPrompt+r.Case.NDepth == 512 }), 0.9, 0.9, false},
		{"only prompts of 2048", 1, where(func(r results.Record) bool { return r.Case.NPrompt+r.Case.NDepth == 2048 }), 0.9, 0.9, false},
		{"drawn, 1 session before", 4, noisy(1, 0), 0.9, 0.9, false},
		{"drawn, 2 sessions before", 4, noisy(2, 0), 0.9, 0.9, false},
		{"drawn, 3 before, half of it common", 4, noisy(3, 0.5), 0.9, 0.9, false},
		{"drawn, 5 sessions before", 4, noisy(5, 0), 0.9, 0.9, false},
		{"drawn, 9 before, half of it common", 4, noisy(9, 0.5), 0.9, 0.9, false},
	}
}

// The largest regression of a year is found where it happened: in its first session,
// in nearly every series that it hit, with the library that changed named, and that
// it is over as well; of all other sessions nothing is said but at most one thing.
// With ASSAY_ALL set also in parts of the sessions, and in others drawn like them.
func TestRealSessions(t *testing.T) {
	all := realSessions(t)
	for i, p := range parts(all) {
		if !p.ordinary && os.Getenv("ASSAY_ALL") == "" {
			continue
		}
		var sum tally
		rng := rand.New(rand.NewPCG(uint64(i), 5))
		for range p.times {
			s := score(t, p.of(all, rng))
			assert.LessOrEqual(t, len(s.elsewhere), 1, "%s: %s", p.name, s.elsewhere)
			sum.add(s)
		}
		t.Logf("%-34s %s", p.name, sum)
		assert.GreaterOrEqual(t, float64(sum.found), p.found*float64(sum.hit), p.name)
		assert.Equal(t, sum.found, sum.named, "%s: of each the library that changed is named", p.name)
		assert.GreaterOrEqual(t, float64(sum.recovered), p.recovered*float64(sum.back), p.name)
	}
}
