package roofline_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/roofline"
)

func TestFitFindsTheMachinesCosts(t *testing.T) {
	m := machine()
	fit, err := roofline.New(measure(m, 0.02, shapes, "q8_0", "q4_0", "f16"), roofline.Options{})
	require.NoError(t, err)
	assert.Equal(t, "sum", fit.Form.Overlap.String())
	want := map[string]float64{
		"read q8_0": m.read["q8_0"], "read q4_0": m.read["q4_0"], "read f16": m.read["f16"],
		"multiply q8_0": m.multiply["q8_0"], "multiply q4_0": m.multiply["q4_0"], "multiply f16": m.multiply["f16"],
		"attend, many queries": m.attendMany,
	}
	for _, p := range fit.Parameters {
		if v, ok := want[p.Name]; ok {
			assert.InEpsilon(t, v, p.Seconds.Value, 0.1, p.Name)
			assert.LessOrEqual(t, p.Seconds.Lo, p.Seconds.Value, p.Name)
			assert.GreaterOrEqual(t, p.Seconds.Hi, p.Seconds.Value, p.Name)
			delete(want, p.Name)
		}
	}
	assert.Empty(t, want, "parameters that the fit does not have")
	cv := fit.CrossValidation()
	assert.Less(t, cv.Decode.Median, 0.03)
	assert.Less(t, cv.Prefill.Median, 0.03)
}

func TestFitChoosesTheOverlapFromTheData(t *testing.T) {
	for name, norm := range map[string]float64{"sum": 1, "max": math.Inf(1)} {
		t.Run(name, func(t *testing.T) {
			m := machine()
			m.norm = norm
			fit, err := roofline.New(measure(m, 0.01, shapes, "q8_0", "q4_0"), roofline.Options{})
			require.NoError(t, err)
			assert.Equal(t, name, fit.Form.Overlap.String())
		})
	}
}

// A model that was never seen lies inside the interval as often as is claimed.
func TestPredictionIntervalsCover(t *testing.T) {
	all := measure(machine(), 0.08, shapes, "q8_0", "q4_0")
	v, err := roofline.Validate(all, roofline.Options{})
	require.NoError(t, err)
	assert.Len(t, v.Cases, len(all))
	assert.GreaterOrEqual(t, v.Coverage(), 0.9)
	assert.Less(t, v.Coverage(), 1.0, "intervals that always cover are too wide to be of use")
	assert.Less(t, v.Errors(roofline.KindDecode).Median, 0.1)
}

func TestPredictSaysWhatBounds(t *testing.T) {
	fit, err := roofline.New(measure(machine(), 0.02, shapes, "q8_0", "q4_0"), roofline.Options{})
	require.NoError(t, err)
	other := shape{"other", 20, 1280, 5120, 20, 4, 64, 32000}
	tests := map[string]struct {
		kind     string
		n, depth float64
		bound    roofline.Bound
	}{
		"decode reads the weights":    {roofline.KindDecode, 1, 0, roofline.BoundBandwidth},
		"a long prompt is arithmetic": {roofline.KindPrefill, 512, 0, roofline.BoundCompute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := other.work("q4_0", tt.kind, tt.n, tt.depth)
			p, err := fit.Predict(tt.kind, w)
			require.NoError(t, err)
			assert.Equal(t, tt.bound, p.Bound)
			assert.InEpsilon(t, machine().seconds(w), p.Seconds.Value, 0.06)
			assert.InEpsilon(t, tt.n/p.Seconds.Value, p.TokensPerSecond.Value, 1e-9)
			assert.Less(t, p.TokensPerSecond.Lo, p.TokensPerSecond.Hi)
			var sum float64
			for _, s := range p.Shares {
				sum += s.Share
			}
			assert.InDelta(t, 1, sum, 1e-9)
		})
	}
}

func TestPredictRefuses(t *testing.T) {
	fit, err := roofline.New(measure(machine(), 0.02, shapes, "q8_0"), roofline.Options{})
	require.NoError(t, err)
	fit.ID = "f1"
	_, err = fit.Predict(roofline.KindDecode, roofline.Work{Tokens: 1, Steps: 1})
	assert.ErrorContains(t, err, "are not counted")
}

// A type that no case had stands with its nearest of kin, and the interval says
// so: the fewer types are known, or the less they agree, the wider.
func TestTypesStandInForTheirKin(t *testing.T) {
	few, err := roofline.New(measure(machine(), 0.02, shapes, "q8_0"), roofline.Options{})
	require.NoError(t, err)
	more, err := roofline.New(measure(machine(), 0.02, shapes, "q8_0", "q4_0", "f16"), roofline.Options{})
	require.NoError(t, err)
	for kind, n := range map[string]float64{roofline.KindDecode: 8, roofline.KindPrefill: 512} {
		w := shapes[0].work("q4_0", kind, n, 0)
		known, err := more.Predict(kind, w)
		require.NoError(t, err)
		assert.Empty(t, known.Kin)
		kin, err := few.Predict(kind, w)
		require.NoError(t, err)
		assert.Contains(t, kin.Kin, "read q4_0 as read q8_0")
		assert.Greater(t, kin.Seconds.Hi/kin.Seconds.Lo, known.Seconds.Hi/known.Seconds.Lo)
		truth := machine().seconds(w)
		assert.True(t, kin.Seconds.Lo < truth && truth < kin.Seconds.Hi, "%s: %v, really %g", kind, kin.Seconds, truth)

		other := shapes[0].work("q4_K", kind, n, 0)
		p, err := more.Predict(kind, other)
		require.NoError(t, err)
		assert.Contains(t, p.Kin, "read q4_K as read q4_0")
		experts := other
		experts.Terms = slices.Clone(other.Terms)
		experts.Terms[0].Class = roofline.ClassExperts
		e, err := more.Predict(kind, experts)
		require.NoError(t, err)
		assert.Contains(t, e.Kin, "read experts q4_K as read q4_0")
		assert.Greater(t, e.Seconds.Hi/e.Seconds.Lo, p.Seconds.Hi/p.Seconds.Lo)
	}
}

func TestFitRefusesWhatMeansNothing(t *testing.T) {
	good := func() []roofline.Observation { return measure(machine(), 0.02, shapes[:3], "q8_0") }
	only := func(keep func(roofline.Observation) bool) []roofline.Observation {
		return slices.DeleteFunc(good(), func(o roofline.Observation) bool { return !keep(o) })
	}
	tests := map[string]struct {
		obs  []roofline.Observation
		want string
	}{
		"control":    {good(), ""},
		"nothing":    {nil, "no usable observation; 'assay run --calibrate' measures what a fit needs"},
		"one shape":  {only(func(o roofline.Observation) bool { return o.Model == "wide" }), "all observations are of wide, and"},
		"two shapes": {only(func(o roofline.Observation) bool { return o.Model != "wide" }), "all observations are of deep and tall"},
		"no prefill": {only(func(o roofline.Observation) bool { return o.Kind == roofline.KindDecode }),
			"there are 0 usable prefill cases and a fit needs 6"},
		"no decode": {only(func(o roofline.Observation) bool { return o.Kind == roofline.KindPrefill }), "there are 0 usable decode cases"},
		"one depth": {append(only(func(o roofline.Observation) bool { return o.Kind == roofline.KindPrefill || o.Depth == 0 }),
			measureDepthZero()...), "all decode cases are at depth 0"},
		"one length": {only(func(o roofline.Observation) bool { return o.Kind == roofline.KindDecode || o.Work.Tokens == 512 }), "prefill cases"},
		"no interval": {append(only(func(o roofline.Observation) bool { return o.Kind == roofline.KindDecode && o.Depth > 0 }),
			only(func(o roofline.Observation) bool {
				return o.Kind == roofline.KindPrefill && o.Work.Tokens != 128 && o.Model != "wide"
			})...), "there are 12 usable cases and a 95 % interval needs 19"},
		"few per cost": {cut(measure(machine(), 0.02, shapes[:3], "q8_0", "q4_0", "f16"), 3),
			"there are 21 usable cases for 11 costs (attend, many queries; attend, one query; move activations; multiply f16;"},
		"two machines": {append(good(), with(good(), func(o *roofline.Observation) { o.Machine = "lab, 2 threads" })...),
			"of 2 machines (lab, 1 thread; lab, 2 threads)"},
		"two runtimes":  {append(good(), with(good(), func(o *roofline.Observation) { o.Runtime = "mlx" })...), "of 2 runtimes (llama.cpp; mlx)"},
		"contradiction": {append(good(), with(good()[:1], func(o *roofline.Observation) { o.Seconds *= 2; o.Run = "r2" })...), "in run r1 and"},
		"all unfit": {with(good(), func(o *roofline.Observation) { o.Unfit = []string{"on battery"} }),
			"no usable observation (21 left out, the first: wide q8_0 decode 4 @ d 0: the machine was not fit (on battery); --unfit takes cases " +
				"of such a machine in)"},
		"no time":     {with(good(), func(o *roofline.Observation) { o.Seconds = 0 }), "took 0 s"},
		"not counted": {with(good(), func(o *roofline.Observation) { o.Work.Terms = nil }), "are not counted"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := roofline.New(tt.obs, roofline.Options{})
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// cut is every n-th observation.
func cut(obs []roofline.Observation, n int) (some []roofline.Observation) {
	for i := 0; i < len(obs); i += n {
		some = append(some, obs[i])
	}
	return some
}

// measureDepthZero are decode cases enough, all at depth 0.
func measureDepthZero() []roofline.Observation {
	var obs []roofline.Observation
	for _, o := range measure(machine(), 0.02, shapes[:3], "q4_0") {
		if o.Kind == roofline.KindDecode && o.Depth == 0 {
			obs = append(obs, o)
		}
	}
	return obs
}

func with(obs []roofline.Observation, change func(*roofline.Observation)) []roofline.Observation {
	for i := range obs {
		change(&obs[i])
	}
	return obs
}

func TestUnfitObservationsAreUsedOnlyWhenAsked(t *testing.T) {
	obs := measure(machine(), 0.02, shapes, "q8_0")
	obs[0].Unfit = []string{"thermal pressure is serious"}
	fit, err := roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	assert.Equal(t, len(obs)-1, fit.Observations)
	require.Len(t, fit.LeftOut, 1)
	assert.Contains(t, fit.LeftOut[0], "thermal pressure is serious")
	fit, err = roofline.New(obs, roofline.Options{Unfit: true})
	require.NoError(t, err)
	assert.Equal(t, len(obs), fit.Observations)
}

// One weight type at one intensity: what it costs to read and what each step
// costs cannot be told apart when every model has as many bytes a step.
func TestFitSaysWhatItCannotSeparate(t *testing.T) {
	same := slices.Clone(shapes[:3])
	for i := range same {
		same[i].layers, same[i].vocab = 8, 32000
		same[i].hidden, same[i].ff = 1024, 3072
		same[i].heads, same[i].kv, same[i].d = 16, 4, 64
	}
	confounded := func(s []shape) map[string][]string {
		fit, err := roofline.New(measure(machine(), 0.02, s, "q8_0"), roofline.Options{})
		require.NoError(t, err)
		out := map[string][]string{}
		for _, p := range fit.Parameters {
			if len(p.Confounded) > 0 {
				out[p.Name] = p.Confounded
			}
		}
		return out
	}
	for _, name := range []string{"step", "product"} {
		assert.NotEmpty(t, confounded(same)[name], name)
	}
	assert.NotContains(t, confounded(shapes)["read q8_0"], "multiply q8_0")
}

func TestExplainNamesThePlantedCause(t *testing.T) {
	obs := measure(machine(), 0.01, shapes, "q8_0", "q4_0")
	clean, err := roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	assert.Less(t, math.Abs(clean.Explain(obs, 1)[0].Measured/clean.Explain(obs, 1)[0].Predicted-1), 0.25)

	slow := machine()
	slow.attendOne *= 3
	slow.c *= 3
	for i, o := range obs {
		if o.Model == "tall" && o.Kind == roofline.KindDecode {
			obs[i].Seconds *= slow.seconds(o.Work) / machine().seconds(o.Work)
		}
	}
	fit, err := roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	worst := fit.Explain(obs, 3)
	require.Len(t, worst, 3)
	for _, e := range worst {
		assert.Contains(t, e.Case, "tall")
		assert.Contains(t, e.String(), "slower than predicted without its model")
		assert.Contains(t, e.String(), "the cache is read more often than counted, or from further away")
	}
}

// A case is explained by a cost that it has: what is planted in the prompts of a
// model is no reason for its decode.
func TestExplainNamesOnlyWhatTheCaseHas(t *testing.T) {
	obs := measure(machine(), 0.01, shapes, "q8_0", "q4_0")
	slow := machine()
	slow.attendMany *= 6
	for i, o := range obs {
		switch {
		case o.Model == "tall" && o.Kind == roofline.KindPrefill:
			obs[i].Seconds *= slow.seconds(o.Work) / machine().seconds(o.Work)
		case o.Model == "tall" && o.Depth == 2048:
			obs[i].Seconds *= 1.3
		}
	}
	fit, err := roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	planted := 0
	for _, e := range fit.Explain(obs, len(obs)) {
		if e.Cause == nil {
			continue
		}
		assert.GreaterOrEqual(t, e.Cause.Case, 0.5, e.Case)
		if e.Kind == roofline.KindPrefill {
			assert.NotContains(t, e.Cause.Parameter, "one query", e.Case)
			if strings.HasPrefix(e.Case, "tall") && strings.HasSuffix(e.Cause.Parameter, "many queries") {
				planted++
			}
			continue
		}
		assert.NotContains(t, e.Cause.Parameter, "many queries", e.Case)
		assert.NotContains(t, e.Cause.Parameter, "multiply", e.Case)
	}
	assert.Positive(t, planted)
}

func TestFitSurvivesJSON(t *testing.T) {
	fit, err := roofline.New(measure(machine(), 0.02, shapes, "q8_0", "q4_0"), roofline.Options{})
	require.NoError(t, err)
	text, err := json.Marshal(fit)
	require.NoError(t, err)
	var back roofline.Fit
	require.NoError(t, json.Unmarshal(text, &back))
	w := shapes[0].work("q4_0", roofline.KindDecode, 4, 512)
	want, err := fit.Predict(roofline.KindDecode, w)
	require.NoError(t, err)
	got, err := back.Predict(roofline.KindDecode, w)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}
