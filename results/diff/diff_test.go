package diff

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

func ptr[T any](v T) *T { return &v }

// run makes a run of n timed cases; seed makes its noise.
func run(id string, n int, seed uint64) results.Run {
	rng := rand.New(rand.NewPCG(seed, 1))
	r := results.Run{ID: id}
	for i := range n {
		rec := results.Record{
			Schema: 1, RunID: id, Time: time.Date(2026, 11, 20, 2, int(seed), 0, 0, time.UTC), Status: results.StatusOK,
			Host:     results.Host{OS: "darwin", OSVersion: "26.1", Chip: "Apple M4", Power: "ac", Thermal: "nominal"},
			Runtime:  results.Runtime{Name: "llama.cpp", Version: "b7000", Layout: "b6900"},
			Model:    results.Model{Ref: "m.gguf", Name: "m"},
			Case:     results.Case{Kind: results.KindDecode, NGen: 128, NDepth: 512 * i},
			Measured: &results.Measured{KVBytes: ptr(int64(1 << 20)), FLOPs: ptr(int64(1e9))},
		}
		rec.Measured.KVLayers = []results.KVLayer{{Layer: 0, Class: "full", Cells: 4096, KBytes: 1 << 19, VBytes: 1 << 19}, {Layer: 1, Class: "sliding", Cells: 512}}
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
		{"a layout", func(r *results.Record) { r.Runtime.Layout = "b7001" }, func(t *testing.T, c Case) {
			assert.Equal(t, []Exact{{"layout", "", "b6900", "b7001"}}, c.Exact)
		}},
		{"a slowdown", func(r *results.Record) { slow(r, 0.12) }, func(t *testing.T, c Case) {
			assert.Equal(t, Slower, c.Time.Verdict)
			assert.InDelta(t, 0.12, c.Time.Change.Value, 0.03)
		}},
		{"a failure", func(r *results.Record) { r.Status, r.Error, r.Measured = results.StatusFailed, "it aborted", nil }, func(t *testing.T, c Case) {
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

// A slowdown of everything is the machine's, not sixty cases'.
func TestCommonShift(t *testing.T) {
	base, head := run("a", 60, 1), run("b", 60, 2)
	for i := range head.Records {
		slow(&head.Records[i], 0.08)
	}
	d := compare(t, base, head, Options{})
	assert.Equal(t, Slower, d.Common.Verdict)
	assert.InDelta(t, 0.08, d.Common.Change.Value, 0.01)
	assert.Zero(t, d.Moved())
	assert.True(t, d.Regressed())
}

// A run that gets hot is slower as a whole; that is not the code.
func TestHeatIsNoCommonShift(t *testing.T) {
	base, head := run("a", 60, 1), run("b", 60, 2)
	for _, rec := range head.Records {
		for s := 5; s < 10; s++ {
			rec.Measured.SamplesNS[s] = rec.Measured.SamplesNS[s] * 108 / 100
		}
	}
	d := compare(t, base, head, Options{})
	assert.Equal(t, Same, d.Common.Verdict)
	assert.False(t, d.Regressed())
}

func TestIncomparable(t *testing.T) {
	for _, tt := range []struct {
		aspect Aspect
		change func(*results.Record)
		want   string
	}{
		{Chip, func(r *results.Record) { r.Host.Chip = "Apple M5" }, "the runs differ in chip (Apple M4, then Apple M5); --across chip compares them all the same"},
		{Power, func(r *results.Record) { r.Host.Power = "battery" }, "the runs differ in power (ac, then battery); --across power compares them all the same"},
		{Version, func(r *results.Record) { r.Runtime.Version = "b7\x1b[31m" }, `the runs differ in llama.cpp version (b7000, then b7\x1b[31m); --across version compares them all the same`},
	} {
		t.Run(string(tt.aspect), func(t *testing.T) {
			base, head := run("a", 30, 1), run("b", 30, 2)
			for i := range head.Records {
				tt.change(&head.Records[i])
			}
			_, err := Compare(base, head, Options{})
			var refused *IncomparableError
			require.ErrorAs(t, err, &refused)
			assert.EqualError(t, err, tt.want)
			assert.True(t, refused.BadInput())
			d := compare(t, base, head, Options{Across: []Aspect{tt.aspect}})
			assert.Equal(t, 30, d.Differs[0].Cases)
			assert.Contains(t, d.Warnings[0], "compared on request")
		})
	}
}

func TestDiffersListsWhatIsNotRefused(t *testing.T) {
	base, head := run("a", 30, 1), run("b", 30, 2)
	head.Records[4].Host.OSVersion = "26.2"
	head.Records[5].Host.Unfit = []string{"on battery"}
	d := compare(t, base, head, Options{})
	assert.Equal(t, []Difference{
		{What: "operating system", Base: "darwin 26.1", Head: "darwin 26.2", Cases: 1},
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
	single.Records[0].Measured.SamplesNS, single.Records[0].Measured.Rounds = []int64{5}, []int{0}
	unknown := run("b", 3, 2)
	unknown.Records[0].Measured.Rounds = nil
	early := run("b", 3, 0)
	for _, tt := range []struct {
		name string
		head results.Run
		want string
	}{
		{"everything failed", failed, "all 3 cases of head (b) failed, so nothing could be compared"},
		{"an empty run", results.Run{ID: "b"}, "head holds no case"},
		{"one sample", single, "head: too few samples to judge: 1 of at least 4"},
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
	slow(&head.Records[5], 0.07)
	before := head.Records[0].Time
	d := compare(t, past[15], head, Options{Window: NewWindow(history(past...), Accepted{Before: before})})
	assert.Equal(t, Nights, d.Nights)
	assert.Equal(t, 1, d.Moved())

	// Nights of another level, and nights under suspicion, are not in it.
	key := head.Records[5].Key()
	w := NewWindow(history(past...), Accepted{Before: before, Since: map[results.Key]time.Time{key: before.AddDate(0, 0, -3)}})
	assert.Equal(t, 1, w.nights(key), "of two nights since, the last is judged with tonight")
	w = NewWindow(history(past...), Accepted{Before: before, Suspect: map[results.Key]time.Time{key: before.AddDate(0, 0, -5)}})
	assert.Equal(t, 11, w.nights(key), "of 14 nights before the last, three are suspect")

	w = NewWindow(history(past...), Accepted{Before: before, Suspect: map[results.Key]time.Time{"": before.AddDate(0, 0, -5)}})
	assert.Equal(t, 11, w.nights(head.Records[6].Key()), "nights on which everything was slower")

	// With few nights two runs are compared; the last is judged with tonight.
	for nights, usable := range map[int]int{4: 0, fewestNights: 0, fewestNights + 1: fewestNights} {
		d = compare(t, past[15], head, Options{Window: NewWindow(history(past[:nights]...), Accepted{Before: before})})
		assert.Equal(t, usable, d.Nights, "%d nights", nights)
	}

	// A night that a case was not timed in is none of its base.
	gap := history(past...)
	gap[5].Points[3].SamplesNS, gap[5].Points[3].Rounds = nil, nil
	d = compare(t, past[15], head, Options{Window: NewWindow(gap, Accepted{Before: before})})
	for _, c := range d.Cases {
		want := Nights
		if c.Key == gap[5].Key {
			want--
		}
		assert.Equal(t, want, c.Time.BaseSamples, c.Key)
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
