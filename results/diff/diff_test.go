package diff

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/stat"
)

func ptr[T any](v T) *T { return &v }

// run makes a run of n timed cases; seed makes its noise.
func run(id string, n int, seed uint64) results.Run {
	rng := rand.New(rand.NewPCG(seed, 1))
	r := results.Run{ID: id}
	for i := range n {
		rec := results.Record{
			Schema: 1, RunID: id, Time: time.Date(2026, 11, 20, 2, int(seed), 0, 0, time.UTC), Status: results.StatusOK,
			Host:    results.Host{OS: "darwin", OSVersion: "26.1", Chip: "Apple M4", Power: "ac", Thermal: "nominal"},
			Runtime: results.Runtime{Name: "llama.cpp", Version: "b7000", Layout: "b6900"},
			Model:   results.Model{Ref: "m.gguf", Name: "m"},
			Case:    results.Case{Kind: results.KindDecode, NGen: 128, NDepth: 512 * i},
			Measured: &results.Measured{
				KVBytes: ptr(int64(1 << 20)), FLOPs: ptr(int64(1e9)),
				Memory: &results.Memory{ComputeBytes: ptr(int64(5 << 20)),
					Devices: map[string]*results.Memory{"MTL0": {ComputeBytes: ptr(int64(4 << 20))}}},
			},
		}
		rec.Measured.KVLayers = []results.KVLayer{{Layer: 0, Class: "full", Cells: 4096, KBytes: 1 << 19, VBytes: 1 << 19},
			{Layer: 1, Class: "sliding", Cells: 512}}
		rec.Measured.FLOPsByOp = map[string]int64{"MUL_MAT": 9e8, "FLASH_ATTN_EXT": 1e8}
		rec.Predicted = &results.Predicted{Rules: "exact", KVBytes: ptr(int64(1 << 20)), Seconds: &results.Interval{Value: 1}}
		for s := range 10 {
			rec.Measured.SamplesNS = append(rec.Measured.SamplesNS, int64(1e9*math.Exp(0.02*rng.NormFloat64())))
			rec.Measured.Rounds = append(rec.Measured.Rounds, s/5)
		}
		r.Records = append(r.Records, rec)
	}
	return r
}

func slow(rec *results.Record, by float64) {
	for i := range rec.Measured.SamplesNS {
		rec.Measured.SamplesNS[i] = int64(float64(rec.Measured.SamplesNS[i]) * (1 + by))
	}
}

func compare(t *testing.T, base, head results.Run, opt Options) Diff {
	t.Helper()
	d, err := Compare(base, head, opt)
	require.NoError(t, err)
	_, err = json.Marshal(d)
	require.NoError(t, err, "every figure of a comparison is a number")
	return d
}

func TestUnchanged(t *testing.T) {
	d := compare(t, run("a", 60, 1), run("b", 60, 2), Options{})
	assert.False(t, d.Regressed())
	assert.Empty(t, d.Differs)
	assert.Empty(t, d.Warnings)
	assert.Len(t, d.Cases, 60)
	for _, c := range d.Cases {
		assert.Equal(t, Same, c.Time.Verdict)
		assert.Positive(t, *c.Time.Detectable)
		assert.Empty(t, c.Notes)
	}
}

// The same operations by other kernels of another release are said, and no change.
func TestAnotherWayOfComputing(t *testing.T) {
	head := run("b", 3, 2)
	for i := range head.Records {
		r := &head.Records[i]
		r.Runtime.Version, r.Measured.Nodes = "b7001", ptr(int64(7))
		r.Measured.FLOPsByOp = map[string]int64{"MUL_MAT": 8e8, "FLASH_ATTN_EXT": 2e8}
	}
	d := compare(t, run("a", 3, 1), head, Options{})
	assert.False(t, d.Regressed())
	for _, c := range d.Cases {
		assert.Empty(t, c.Exact)
		assert.Contains(t, strings.Join(c.Notes, "; "), "another way of computing, same operations: FLASH_ATTN_EXT 100.00 M, then 200.00 M")
	}
}

// Every kind of change is planted in one case of an otherwise unchanged run.
func TestPlanted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		plant func(*results.Record)
		check func(*testing.T, Case)
	}{
		{"a layer's cells", func(r *results.Record) { r.Measured.KVLayers[1].Cells = 4096 }, func(t *testing.T, c Case) {
			assert.Equal(t, []Exact{{"kv_layers", "layer 1", "sliding, 512 cells, K 0, V 0", "sliding, 4096 cells, K 0, V 0"}}, c.Exact)
		}},
		{"an operation's work", func(r *results.Record) { r.Measured.FLOPsByOp["MUL_MAT"]++ }, func(t *testing.T, c Case) {
			assert.Equal(t, []Exact{{"flops", "MUL_MAT", "900000000", "900000001"}}, c.Exact)
		}},
		{"a buffer", func(r *results.Record) { *r.Measured.Memory.ComputeBytes += 64 }, func(t *testing.T, c Case) {
			assert.Equal(t, []Exact{{"memory", "compute", "5242880", "5242944"}}, c.Exact)
		}},
		{"a device's buffer", func(r *results.Record) { *r.Measured.Memory.Devices["MTL0"].ComputeBytes *= 2 }, func(t *testing.T, c Case) {
			assert.Equal(t, []Exact{{"memory", "compute on MTL0", "4194304", "8388608"}}, c.Exact)
		}},
		{"a layout", func(r *results.Record) { r.Runtime.Layout = "b7001" }, func(t *testing.T, c Case) {
			assert.Equal(t, []Exact{{"layout", "", "b6900", "b7001"}}, c.Exact)
		}},
		{"a slowdown", func(r *results.Record) { slow(r, 0.12) }, func(t *testing.T, c Case) {
			assert.Equal(t, Slower, c.Time.Verdict)
			assert.InDelta(t, 1/1.12-1, c.Time.Change.Value, 0.03, "of tokens/s")
			assert.InDelta(t, 1/1.12-1, *c.Time.Total, 0.03)
		}},
		{"a failure", func(r *results.Record) { r.Status, r.Error, r.Measured = results.StatusFailed, "it aborted", nil },
			func(t *testing.T, c Case) {
				assert.Equal(t, &Failure{results.StatusOK, results.StatusFailed, "it aborted"}, c.Failure)
			}},
		{"a prediction of bytes", func(r *results.Record) { r.Predicted.KVBytes = ptr(int64(5)) }, func(t *testing.T, c Case) {
			assert.Equal(t, []PredictionDrift{{Figure: "kv_bytes", Base: 1 << 20, Head: 5}}, c.Predictions)
		}},
		{"a prediction of time", func(r *results.Record) { r.Predicted.Seconds.Value, r.Predicted.Fit = 1.1, "f2" }, func(t *testing.T, c Case) {
			assert.Equal(t, []PredictionDrift{{"seconds", 1, 1.1, "f2"}}, c.Predictions)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base, head := run("a", 60, 1), run("b", 60, 2)
			tt.plant(&head.Records[9])
			d := compare(t, base, head, Options{})
			assert.True(t, d.Regressed())
			assert.Equal(t, 1, d.Moved())
			for _, c := range d.Cases {
				assert.Equal(t, c.Key == head.Records[9].Key(), c.Regressed(), "%s", c.Key)
				if c.Regressed() {
					tt.check(t, c)
				}
			}
		})
	}
}

func TestFasterIsNoRegression(t *testing.T) {
	base, head := run("a", 60, 1), run("b", 60, 2)
	slow(&head.Records[3], -0.12)
	d := compare(t, base, head, Options{})
	assert.False(t, d.Regressed())
}

// Sessions move as a whole; what they do not do is found, and named by its kind.
func TestEverything(t *testing.T) {
	for _, tt := range []struct {
		by    float64
		found bool
	}{{0.05, false}, {2, true}, {-0.6, true}} {
		base, head := run("a", 60, 1), run("b", 60, 2)
		for i := range head.Records {
			slow(&head.Records[i], tt.by)
		}
		d := compare(t, base, head, Options{})
		require.Len(t, d.Groups, 1)
		g := d.Groups[0]
		assert.Equal(t, "llama.cpp decode", g.Runtime+" "+g.Kind)
		assert.InDelta(t, 1/(1+tt.by)-1, g.Change, 0.03)
		assert.Equal(t, tt.found, g.Verdict != Same)
		for _, c := range d.Cases {
			assert.Equal(t, g.Verdict, c.Time.Verdict)
		}
		assert.Equal(t, tt.found && tt.by > 0, d.Regressed())
	}
}

// A run that gets hot is slower as a whole; that is not the code.
func TestHeatIsNoChange(t *testing.T) {
	base, head := run("a", 60, 1), run("b", 60, 2)
	for _, rec := range head.Records {
		for s := 5; s < 10; s++ {
			rec.Measured.SamplesNS[s] = rec.Measured.SamplesNS[s] * 108 / 100
		}
	}
	d := compare(t, base, head, Options{})
	assert.False(t, d.Regressed())
}

// Another chip, or no case in common, means nothing; all else is compared and said.
func TestIncomparable(t *testing.T) {
	other := func(change func(*results.Record)) results.Run {
		r := run("b", 30, 2)
		for i := range r.Records {
			change(&r.Records[i])
		}
		return r
	}
	for want, head := range map[string]results.Run{
		"the runs differ in chip (Apple M4, then Apple M5); --across chip compares them all the same": other(
			func(r *results.Record) { r.Host.Chip = "Apple M5" }),
		"the runs have no case in common: a is of llama.cpp m, b is of mlx m": other(
			func(r *results.Record) { r.Runtime.Name = "mlx" }),
		`the runs have no case in common: a is of llama.cpp m, b is of llama.cpp n\x1b`: other(
			func(r *results.Record) { r.Model.Name, r.Model.Ref = "n\x1b", "n.gguf" }),
	} {
		_, err := Compare(run("a", 30, 1), head, Options{})
		var refused *IncomparableError
		require.ErrorAs(t, err, &refused)
		assert.True(t, refused.BadInput())
		assert.ErrorContains(t, err, strings.Replace(want, "b is of", "b of", 1))
	}
	d := compare(t, run("a", 30, 1), other(func(r *results.Record) { r.Host.Chip = "Apple M5" }), Options{Across: []Aspect{Chip}})
	assert.Contains(t, d.Warnings[0], "compared on request")
}

// What else differs is said, the runtime's version first, then what else may be the cause.
func TestDiffersInOrder(t *testing.T) {
	base, head := run("a", 30, 1), run("b", 30, 2)
	for i := range head.Records {
		r := &head.Records[i]
		r.Host.Power, r.Host.OSBuild, r.Host.Name = "battery", "25C56", "other"
		r.Runtime.Version = "b7001"
		r.Runtime.With = map[string]string{"mlx": "0.32.0"}
		r.Runtime.Files = []results.File{{Path: "/x/libggml-cpu-haswell.so", SHA256: "h"}}
		b := &base.Records[i]
		b.Host.OSBuild, b.Host.Name = "25A1", "one"
		b.Runtime.Files = []results.File{{Path: "/x/libggml-cpu-zen4.so", SHA256: "z"}}
	}
	var what []string
	for _, x := range compare(t, base, head, Options{}).Differs {
		what = append(what, x.What+": "+x.Base+" > "+x.Head)
	}
	assert.Equal(t, []string{
		"llama.cpp version: b7000 > b7001", "llama.cpp mlx version:  > 0.32.0",
		"llama.cpp file libggml-cpu-haswell.so:  > h", "llama.cpp file libggml-cpu-zen4.so: z > ",
		"system's build: 25A1 > 25C56", "power: ac > battery", "machine: one > other",
	}, what)
}

func TestDiffersListsWhatIsNotRefused(t *testing.T) {
	base, head := run("a", 30, 1), run("b", 30, 2)
	head.Records[4].Host.OSVersion = "26.2"
	head.Records[5].Host.Unfit = []string{"on battery"}
	d := compare(t, base, head, Options{})
	assert.Equal(t, []Difference{
		{What: "operating system", Base: "darwin 26.1", Head: "darwin 26.2", Cases: 1, Cause: true},
		{What: "fitness", Head: "on battery", Cases: 1},
	}, d.Differs)
}

func TestUnpaired(t *testing.T) {
	base, head := run("a", 30, 1), run("b", 31, 2)
	base.Records[3].Case.NBatch = 7
	d := compare(t, base, head, Options{})
	assert.Len(t, d.OnlyBase, 1)
	assert.Len(t, d.OnlyHead, 2)
	assert.Len(t, d.Cases, 29)
}

func TestBadDays(t *testing.T) {
	failed := run("b", 3, 2)
	for i := range failed.Records {
		failed.Records[i].Status, failed.Records[i].Measured, failed.Records[i].Error = results.StatusFailed, nil, "no memory"
	}
	single := run("b", 3, 2)
	single.Records[0].Measured.SamplesNS, single.Records[0].Measured.Rounds = []int64{5}, []int{0, 1}
	unknown := run("b", 3, 2)
	unknown.Records[0].Measured.Rounds = nil
	early := run("b", 3, 0)
	for _, tt := range []struct {
		name string
		head results.Run
		want string
	}{
		{"everything failed", failed, "every case of head (b) failed, so nothing could be compared"},
		{"an empty run", results.Run{ID: "b"}, "head holds no case"},
		{"rounds of another case", single, "head: samples: 1, but numbers of rounds: 2"},
		{"rounds not known", unknown, "head: the rounds of its samples are not known, so differences between processes are not seen"},
		{"a clock that went back", early, "head began before base: either they are swapped or a clock went backwards"},
		{"the same run twice", run("a", 3, 1), "base and head are the same run, a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := compare(t, run("a", 3, 1), tt.head, Options{Across: Aspects()})
			said := d.Warnings
			for _, c := range d.Cases {
				said = append(said, c.Notes...)
			}
			assert.Contains(t, said, tt.want)
		})
	}
}

// history turns runs into the series that a store would give.
func history(runs ...results.Run) []results.Series {
	var out []results.Series
	for i, rec := range runs[0].Records {
		s := results.Series{Key: rec.Key()}
		for day, r := range runs {
			env := r.Records[i].Environment()
			s.Points = append(s.Points, results.Point{
				RunID: r.ID, Time: rec.Time.AddDate(0, 0, day-len(runs)), Env: &env,
				SamplesNS: r.Records[i].Measured.SamplesNS, Rounds: r.Records[i].Measured.Rounds,
			})
		}
		out = append(out, s)
	}
	return out
}

func TestWindow(t *testing.T) {
	var past []results.Run
	for i := range uint64(16) {
		past = append(past, run(string(rune('a'+i)), 60, 10+i))
	}
	head := run("tonight", 60, 40)
	slow(&head.Records[5], 0.08)
	before := head.Records[0].Time
	d := compare(t, past[15], head, Options{Window: NewWindow(history(past...), Accepted{Before: before})})
	assert.Equal(t, stat.WindowNights, d.Nights)
	assert.Equal(t, 1, d.Moved())

	// Nights of another level, under suspicion, or on battery are not in it.
	key := head.Records[5].Key()
	nights := func(a Accepted) int {
		a.Before = before
		n := 0
		for _, night := range NewWindow(history(past...), a).nights {
			if _, ok := night.place[key]; ok {
				n++
			}
		}
		return n
	}
	assert.Equal(t, 16, nights(Accepted{}))
	assert.Equal(t, 2, nights(Accepted{Since: map[results.Key]time.Time{key: before.AddDate(0, 0, -3)}}))
	suspect := Accepted{Suspect: map[results.Key]time.Time{key: before.AddDate(0, 0, -5)}}
	assert.Equal(t, 12, nights(suspect))
	past[3].Records[5].Host.Power = "battery"
	assert.Equal(t, 15, nights(Accepted{Like: map[results.Key]results.Environment{key: head.Records[5].Environment()}}))

	// A finding that is open is compared with the nights since, too.
	suspect.Before = before
	slow(&head.Records[5], 1)
	d = compare(t, past[15], head, Options{Window: NewWindow(history(past...), suspect)})
	for _, c := range d.Cases {
		if c.Key == key {
			require.NotNil(t, c.Time.Step)
			assert.Equal(t, Slower, c.Time.Step.Verdict)
		} else {
			assert.Nil(t, c.Time.Step)
		}
	}
	assert.Nil(t, NewWindow(nil, Accepted{}))
}

func TestSelect(t *testing.T) {
	d := compare(t, run("a", 3, 1), run("b", 3, 2), Options{})
	keys, err := d.Select(nil)
	require.NoError(t, err)
	assert.Nil(t, keys)
	keys, err = d.Select([]string{"n_depth=512", "decode"})
	require.NoError(t, err)
	assert.Len(t, keys, 3)
	_, err = d.Select([]string{"no such case"})
	assert.EqualError(t, err, `no case that both runs have contains "no such case"`)
}

func TestParseAspects(t *testing.T) {
	all, err := ParseAspects([]string{"all"})
	require.NoError(t, err)
	assert.Equal(t, Aspects(), all)
	_, err = ParseAspects([]string{"weather"})
	assert.EqualError(t, err, `"weather" is none of chip, power, version, all`)
}

// A comparison speaks of the tokens that a run does: of all sequences, and of
// prompt and generation where both are timed.
func TestSpeed(t *testing.T) {
	base, head := run("a", 1, 1), run("b", 1, 2)
	for _, r := range []results.Run{base, head} {
		r.Records[0].Case.NSeq, r.Records[0].Case.NPrompt = 4, 64
	}
	d := compare(t, base, head, Options{})
	require.Len(t, d.Cases, 1)
	assert.Equal(t, head.Records[0].Case.Tokens(), d.Cases[0].Tokens)
	assert.Equal(t, 768, d.Cases[0].Tokens)
}
