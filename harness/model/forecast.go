package model

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"assay/harness/failure"
	"assay/harness/speed"
	"assay/harness/subject"
	"assay/predict/arch"
	"assay/predict/roofline"
	"assay/results"
)

// Predictor foretells the time of a sample of counted work: a fit of a machine,
// or a chip's published figures.
type Predictor interface {
	Predict(kind string, w roofline.Work) (roofline.Prediction, error)
	// Of names the runtime that predictions are of.
	Of() string
	// Source says what predictions rest on, in one sentence.
	Source() string
	// MeasuredContext is the longest context that was measured.
	MeasuredContext() int
}

// Forecast is how fast a model will be, by context length.
type Forecast struct {
	Model      string `json:"model"`
	WeightType string `json:"weight_type"`
	// Tests are the prompt and the generation that were asked for, as llama-bench
	// names them.
	Tests []ForecastTest `json:"tests,omitempty"`
	Rows  []ForecastRow  `json:"rows"`
	// LargestContext is the longest context with which all fits in the memory;
	// absent when even the shortest does not. OwnLimit: it is the model's own, and
	// there is room for more.
	LargestContext *int `json:"largest_context,omitempty"`
	OwnLimit       bool `json:"own_limit,omitempty"`
	// MemoryBytes is what the model may take, on a device where the place has one;
	// MemoryBasis says how that is known.
	MemoryBytes int64  `json:"memory_bytes"`
	MemoryBasis string `json:"memory_basis,omitempty"`
	// Basis says what the speed rests on; MeasuredContext is the longest context
	// that was measured for it.
	Basis           string `json:"basis"`
	MeasuredContext int    `json:"measured_context"`
}

// ForecastRow is one context length: a prompt of so many tokens, then
// generation after them.
type ForecastRow struct {
	Context int `json:"context"`
	// NeedBytes is all that is needed, Fits whether the memory holds it. AtLeast: a
	// part of it is not predicted.
	NeedBytes int64               `json:"need_bytes"`
	AtLeast   bool                `json:"at_least,omitempty"`
	Fits      bool                `json:"fits"`
	Prefill   roofline.Prediction `json:"prefill"`
	Decode    roofline.Prediction `json:"decode"`
	// FirstToken is the time from the prompt to the first generated token: the
	// prefill, whose last step gives that token's logits.
	FirstToken roofline.Interval `json:"first_token_seconds"`
	// Extrapolated: the context is longer than what was measured.
	Extrapolated bool `json:"extrapolated,omitempty"`
}

// ForecastTest is a prompt of so many tokens, or as many generated, after depth
// others.
type ForecastTest struct {
	Test       string              `json:"test"` // pp512, tg128 @ d2048
	Tokens     int                 `json:"tokens"`
	Depth      int                 `json:"depth"`
	Prediction roofline.Prediction `json:"prediction"`
}

// ForecastOptions say what is forecast.
type ForecastOptions struct {
	Runtime    string
	WeightType string
	// Case has the settings that are the same for all rows: cache types, batch
	// sizes, flash attention.
	Case results.Case
	// Prompt and Gen are the tokens of the tests, after Case.NDepth others; 0 is none.
	Prompt, Gen int
	// Contexts are the lengths; those beyond the model's own are left out.
	Contexts []int
	// MemoryBytes bounds all that is needed on Device, as a library names it, empty
	// for the host; MemoryBasis says how that is known.
	MemoryBytes         int64
	Device, MemoryBasis string
}

// forecastContexts are shown when none are asked for.
var forecastContexts = []int{512, 2048, 8192, 32768}

// NewForecast predicts a model that is only known by its facts. Nothing is run.
func NewForecast(ctx context.Context, ref string, by Predictor, opt ForecastOptions) (Forecast, error) {
	s, err := subject.Of(ctx, subject.Ask{Ref: ref, Runtime: opt.Runtime, WeightType: opt.WeightType, Device: opt.Device})
	if err != nil {
		return Forecast{}, err
	}
	f, rt := s.Facts, s.Runtime
	if err := readable(s); err != nil {
		return Forecast{}, err
	}
	if by.Of() != rt.Name() {
		return Forecast{}, failure.Input(fmt.Errorf("speed in %s cannot be predicted from figures of %s (%s): name a fit of runs in %s",
			rt.Name(), by.Of(), by.Source(), rt.Name()))
	}
	x := forecaster{s, by, opt}
	out := Forecast{Model: f.Name, WeightType: opt.WeightType, MemoryBytes: opt.MemoryBytes, MemoryBasis: opt.MemoryBasis, Basis: by.Source(),
		MeasuredContext: by.MeasuredContext()}
	if out.Tests, err = x.tests(); err != nil {
		return Forecast{}, failure.Input(fmt.Errorf("%s: %w", f.Name, err))
	}
	for _, n := range opt.contexts() {
		if f.ContextLength > 0 && int64(n) > f.ContextLength {
			continue
		}
		row, err := x.row(n)
		if err != nil {
			return Forecast{}, failure.Input(fmt.Errorf("%s at a context of %d: %w", f.Name, n, err))
		}
		out.Rows = append(out.Rows, row)
	}
	if len(out.Rows) == 0 {
		return Forecast{}, failure.Input(fmt.Errorf("%s has a context of %d tokens, less than was asked for", f.Name, f.ContextLength))
	}
	out.LargestContext, out.OwnLimit, err = x.largest()
	return out, err
}

// contexts are those asked for, or the usual with that of the case among them.
func (o ForecastOptions) contexts() []int {
	if len(o.Contexts) > 0 {
		return o.Contexts
	}
	list := slices.Clone(forecastContexts)
	if o.Case.NCtx > 0 {
		list = append(list, o.Case.NCtx)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

type forecaster struct {
	subject.Subject
	by  Predictor
	opt ForecastOptions
}

// tests predicts the tests that were asked for.
func (x forecaster) tests() (list []ForecastTest, err error) {
	for _, t := range []struct {
		kind results.Kind
		name string
		n    int
	}{{results.KindPrefill, "pp", x.opt.Prompt}, {results.KindDecode, "tg", x.opt.Gen}} {
		if t.n == 0 {
			continue
		}
		test := ForecastTest{Test: fmt.Sprint(t.name, t.n), Tokens: t.n, Depth: x.opt.Case.NDepth}
		if test.Depth > 0 {
			test.Test += fmt.Sprint(" @ d", test.Depth)
		}
		if test.Prediction, _, err = x.foretell(t.kind, t.n, test.Depth); err != nil {
			return nil, fmt.Errorf("%s: %w", test.Test, err)
		}
		list = append(list, test)
	}
	return list, nil
}

// row predicts a prompt of n tokens and one token generated after it.
func (x forecaster) row(n int) (ForecastRow, error) {
	prompt, need, err := x.foretell(results.KindPrefill, n, 0)
	if err != nil {
		return ForecastRow{}, err
	}
	next, _, err := x.foretell(results.KindDecode, 1, n-1)
	if err != nil {
		return ForecastRow{}, err
	}
	bytes, all := need.On(x.opt.Device).Need()
	return ForecastRow{
		Context: n, NeedBytes: bytes, AtLeast: !all, Fits: bytes <= x.opt.MemoryBytes, Prefill: prompt, Decode: next, FirstToken: prompt.Seconds,
		Extrapolated: n > x.by.MeasuredContext(),
	}, nil
}

// foretell predicts n tokens of kind after depth others, and what memory the
// weights and the cache take.
func (x forecaster) foretell(kind results.Kind, n, depth int) (roofline.Prediction, *results.Memory, error) {
	c := x.opt.Case
	c.Kind, c.NDepth, c.NPrompt, c.NGen, c.NCtx = kind, depth, n, 0, n+depth
	if kind == results.KindDecode {
		c.NPrompt, c.NGen = 0, n
	}
	p, err := x.settled(c)
	if err != nil {
		return roofline.Prediction{}, nil, err
	}
	rough, err := x.complete(c, p)
	if err != nil {
		return roofline.Prediction{}, nil, err
	}
	work := speed.WorkOf(c, p.Cost)
	work.Rough = rough
	t, err := x.by.Predict(string(kind), work)
	return t, needOf(p), err
}

// rougher is a runtime that can say roughly what it does for a model type whose
// forward pass is not known.
type rougher interface {
	Roughly(f arch.Facts, weightType string, c results.Case, p *results.Predicted) error
}

// complete adds a rough count where there is no exact one, and says whether it did.
func (x forecaster) complete(c results.Case, p *results.Predicted) (rough bool, err error) {
	if p.Cost != nil && p.WeightBytes != nil {
		return false, nil
	}
	if r, ok := x.Runtime.(rougher); ok {
		if err := r.Roughly(x.Facts, x.opt.WeightType, c, p); err != nil {
			return false, err
		}
	}
	if p.Cost == nil || p.WeightBytes == nil {
		return false, speed.Uncounted(x.Runtime.Name())
	}
	return true, nil
}

// settled predicts the case as the runtime takes it.
func (x forecaster) settled(c results.Case) (*results.Predicted, error) {
	c, err := x.Settle(c)
	if err != nil {
		return nil, err
	}
	return x.Subject.Predict(c)
}

// contextStep is the grain of the largest context: llama.cpp pads the cache to it.
const contextStep = 256

// largest searches the longest context that fits, up to the model's own, and says
// whether it is that.
func (x forecaster) largest() (largest *int, own bool, err error) {
	most := int(x.Facts.ContextLength)
	if most == 0 {
		most = 1 << 20
	}
	var failed error
	fits := func(n int) bool {
		// One token after all others: the cache is what matters, and some runtimes'
		// grows with the tokens.
		c := x.opt.Case
		c.Kind, c.NPrompt, c.NGen, c.NDepth, c.NCtx = results.KindDecode, 0, 1, n-1, n
		p, err := x.settled(c)
		if err == nil {
			_, err = x.complete(c, p)
		}
		switch {
		case err != nil:
			failed = err
			return false
		case p.WeightBytes == nil || p.KVBytes == nil:
			failed = fmt.Errorf("%s predicts no size of %s", x.Runtime.Name(), x.Facts.Name)
			return false
		}
		need, _ := needOf(p).On(x.opt.Device).Need()
		return need <= x.opt.MemoryBytes
	}
	steps := sort.Search(most/contextStep, func(i int) bool { return !fits((i + 1) * contextStep) })
	if failed != nil {
		return nil, false, failed
	}
	if steps == 0 {
		return nil, false, nil
	}
	n := steps * contextStep
	return &n, x.Facts.ContextLength > 0 && n == most, nil
}
