package model

import (
	"context"
	"fmt"
	"math"
	"slices"

	"assay/harness/archive"
	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/speed"
	"assay/harness/subject"
	"assay/predict/arch"
	"assay/predict/roofline"
	"assay/predict/source"
	"assay/results"
)

// AdviceOptions are what is to choose from. Empty lists take what people use.
type AdviceOptions struct {
	Contexts                         []int
	WeightTypes, CacheTypes, Runtime []string
	// Case has the settings that are the same for all.
	Case results.Case
	// Losses is what types of weights were measured to lose, by model and type.
	Losses archive.Losses
}

// Choice is one way to run a model, and whether it fits.
type Choice struct {
	Ref        string `json:"ref"`
	Model      string `json:"model"`
	Runtime    string `json:"runtime"`
	WeightType string `json:"weight_type,omitempty"`
	CacheType  string `json:"cache_type,omitempty"`
	Context    int    `json:"context"`
	// NeedBytes is what the device must hold; AtLeast: a part of it is not
	// predicted.
	NeedBytes int64           `json:"need_bytes"`
	AtLeast   bool            `json:"at_least,omitempty"`
	Memory    *results.Memory `json:"memory,omitempty"`
	Fits      bool            `json:"fits"`
	// LossKL is what its weights were measured to lose, in nats; absent where that is
	// not known.
	LossKL *float64 `json:"loss_kl,omitempty"`
	// Why says what stands against it.
	Why string `json:"why,omitempty"`
	// Prefill is of a prompt that fills the context, Decode of the token behind
	// it; absent where speed is not known.
	Prefill    *roofline.Prediction `json:"prefill,omitempty"`
	Decode     *roofline.Prediction `json:"decode,omitempty"`
	FirstToken *roofline.Interval   `json:"first_token_seconds,omitempty"`
	Best       bool                 `json:"best,omitempty"`
}

// Advice is what fits where, best first.
type Advice struct {
	Place   Place    `json:"place"`
	Choices []Choice `json:"choices"`
	// Basis says what the speeds rest on, by runtime.
	Basis map[string]string `json:"basis,omitempty"`
	// LeftOut are runtimes of which nothing can be said, where another can be chosen.
	LeftOut []LeftOut `json:"left_out,omitempty"`
}

// LeftOut is a runtime that a model is not offered for, and why.
type LeftOut struct {
	Ref     string `json:"ref"`
	Runtime string `json:"runtime"`
	Why     string `json:"why"`
}

// Fits reports whether any choice does.
func (a Advice) Fits() bool {
	return slices.ContainsFunc(a.Choices, func(c Choice) bool { return c.Fits })
}

// usualCaches are the types of a cache between which people choose.
var usualCaches = []string{"f16", "q8_0"}

// usualContext is asked for where nobody says.
const usualContext = 8192

// Advise says which ways to run the models fit in the place, and how fast they
// would be. Nothing is run.
func Advise(ctx context.Context, refs []string, in Place, opt AdviceOptions) (Advice, error) {
	a := &adviser{Advice{Place: in, Basis: map[string]string{}}, opt, map[string]Predictor{}}
	for _, ref := range refs {
		f, err := source.Load(ctx, ref, source.Options{})
		if err != nil {
			return Advice{}, failure.Input(err)
		}
		if err := a.model(ref, f); err != nil {
			return Advice{}, failure.Input(err)
		}
	}
	a.rank()
	return a.Advice, nil
}

type adviser struct {
	Advice
	opt   AdviceOptions
	speed map[string]Predictor
}

// model tries all choices of one model.
func (a *adviser) model(ref string, f arch.Facts) error {
	contexts := a.opt.Contexts
	if len(contexts) == 0 {
		contexts = []int{int(min(usualContext, max(f.ContextLength, 1)))}
		if f.ContextLength == 0 {
			contexts = []int{usualContext}
		}
	}
	for _, n := range contexts {
		if f.ContextLength > 0 && int64(n) > f.ContextLength {
			return fmt.Errorf("%s was trained with a context of %d tokens; ask for so many or fewer with -c, not %d", f.Name, f.ContextLength, n)
		}
	}
	names := a.runtimes(ref)
	if err := a.checkTypes(names); err != nil {
		return err
	}
	var refused []error
	for _, name := range names {
		before := len(a.Choices)
		if err := a.runtime(ref, f, name, contexts); err != nil {
			a.Choices, refused = a.Choices[:before], append(refused, err)
			a.LeftOut = append(a.LeftOut, LeftOut{ref, name, err.Error()})
		}
	}
	if len(refused) == len(names) {
		return refused[0]
	}
	return nil
}

// runtime tries all choices of a model in one runtime.
func (a *adviser) runtime(ref string, f arch.Facts, name string, contexts []int) error {
	rt, err := runtimes.Named(name)
	if err != nil {
		return err
	}
	if err := readable(subject.Subject{Ref: ref, Facts: f, Runtime: rt}); err != nil {
		return err
	}
	for _, weights := range a.weights(rt, f) {
		for _, n := range contexts {
			for _, cache := range a.caches(rt) {
				if err := a.choice(ref, f, Choice{Runtime: name, WeightType: weights, CacheType: cache, Context: n}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// runtimes are those to try: what was asked for, the one that a format belongs to, and
// where there is a choice, on a Mac all that have a type that was asked for.
func (a *adviser) runtimes(ref string) (names []string) {
	usual := runtimes.For(ref)
	switch {
	case len(a.opt.Runtime) > 0:
		return a.opt.Runtime
	case a.Place.Device != metalDevice || runtimes.FormatOf(ref) != "":
		return []string{usual}
	}
	for _, rt := range runtimes.All() {
		if len(a.opt.CacheTypes) > 0 && len(rt.CacheTypes()) == 0 {
			continue
		}
		if len(a.opt.WeightTypes) == 0 || len(a.known(rt)) > 0 {
			names = append(names, rt.Name())
		}
	}
	if len(names) == 0 {
		return []string{usual} // it says what is wrong with what was asked for
	}
	return names
}

// checkTypes refuses types that none of the runtimes has.
func (a *adviser) checkTypes(names []string) error {
	var among []runtime.Runtime
	for _, name := range names {
		rt, err := runtimes.Named(name)
		if err != nil {
			return err
		}
		among = append(among, rt)
	}
	for _, t := range a.opt.WeightTypes {
		if err := subject.CheckType("weight type", t, subject.AllOf(among, typesOf)); err != nil {
			return err
		}
	}
	if cache, _ := results.SettingNamed("type_k"); len(a.opt.CacheTypes) > 0 {
		if err := cache.Refuse(names, nil, "is not asked for"); err != nil {
			return err
		}
	}
	for _, t := range a.opt.CacheTypes {
		if err := subject.CheckType("cache type", t, subject.AllOf(among, runtime.Runtime.CacheTypes)); err != nil {
			return err
		}
	}
	return nil
}

// typesOf are all that a model that is not here can be thought of in.
func typesOf(rt runtime.Runtime) []string { return rt.WeightTypes(runtime.SkeletonSparse) }

// known are those types that were asked for and that the runtime has, as it writes them.
func (a *adviser) known(rt runtime.Runtime) (types []string) {
	for _, t := range a.opt.WeightTypes {
		if spelled := subject.Spelled(t, typesOf(rt)); slices.Contains(typesOf(rt), spelled) {
			types = append(types, spelled)
		}
	}
	return types
}

// weights are the types to try: a file's own, those asked for, or the usual. Of several
// runtimes each has its own.
func (a *adviser) weights(rt runtime.Runtime, f arch.Facts) []string {
	switch {
	case len(f.Tensors) > 0:
		return []string{""}
	case len(a.opt.WeightTypes) > 0:
		return a.known(rt)
	}
	return rt.UsualTypes(f)
}

func (a *adviser) caches(rt runtime.Runtime) []string {
	switch {
	case len(rt.CacheTypes()) == 0:
		return []string{""} // the cache follows the weights
	case len(a.opt.CacheTypes) > 0:
		return a.opt.CacheTypes
	}
	return usualCaches
}

// choice predicts one way to run the model. The cache is that of a full context.
func (a *adviser) choice(ref string, f arch.Facts, c Choice) error {
	rt, err := runtimes.Named(c.Runtime)
	if err != nil {
		return err
	}
	c.Ref, c.Model = ref, f.Name
	k := a.opt.Case
	k.Kind, k.NCtx, k.NPrompt, k.NGen, k.NDepth = results.KindPrefill, c.Context, share(c.Context, k), 0, 0
	if c.CacheType != "" {
		k.TypeK, k.TypeV = c.CacheType, c.CacheType
	}
	prompt, err := rt.Predict(f, f, c.WeightType, rt.Settle(k, f), results.Runtime{Device: a.Place.Device})
	if err != nil {
		return err
	}
	c.judge(prompt, a.Place)
	typ := c.WeightType
	if typ == "" && f.File != nil {
		typ = f.File.Type
	}
	if kl, known := a.opt.Losses.Of(f.Name, typ); known {
		c.LossKL = &kl
	}
	if a.Place.Speed != nil && prompt.Cost != nil {
		if err := a.time(&c, k, prompt, f); err != nil {
			return err
		}
	}
	a.Choices = append(a.Choices, c)
	return nil
}

// share is what of a context each sequence has.
func share(tokens int, k results.Case) int { return max(tokens/max(k.NSeq, 1), 2) }

// judge holds what the choice needs against what there is. What is only known
// in part never fits.
func (c *Choice) judge(p *results.Predicted, in Place) {
	c.Memory = p.Memory
	var all bool
	c.NeedBytes, all = needOf(p).On(in.Device).Need()
	c.AtLeast = !all
	switch c.Why = results.TooMuch(c.NeedBytes, in.LimitBytes); {
	case c.Why != "":
	case c.AtLeast:
		c.Why = "what its buffers take is not predicted"
	default:
		c.Fits = true
	}
}

// time predicts how fast the choice is.
func (a *adviser) time(c *Choice, k results.Case, prompt *results.Predicted, f arch.Facts) error {
	by, known := a.speed[c.Runtime]
	if !known {
		var err error
		if by, err = a.Place.Speed(c.Runtime); err != nil {
			return err
		}
		a.speed[c.Runtime] = by
		if by != nil {
			a.Basis[c.Runtime] = by.Source()
		}
	}
	if by == nil {
		return nil
	}
	pp, err := by.Predict(string(k.Kind), speed.WorkOf(k, prompt.Cost))
	if err != nil {
		return fmt.Errorf("speed of %s: %w", f.Name, err)
	}
	rt, err := runtimes.Named(c.Runtime)
	if err != nil {
		return err
	}
	k.Kind, k.NDepth, k.NPrompt, k.NGen = results.KindDecode, share(c.Context, k)-1, 0, 1
	token, err := rt.Predict(f, f, c.WeightType, rt.Settle(k, f), results.Runtime{Device: a.Place.Device})
	if err != nil || token.Cost == nil {
		return err
	}
	tg, err := by.Predict(string(k.Kind), speed.WorkOf(k, token.Cost))
	if err != nil {
		return fmt.Errorf("speed of %s: %w", f.Name, err)
	}
	c.Prefill, c.Decode, c.FirstToken = &pp, &tg, &pp.Seconds
	return nil
}

// betterThan is of two choices of one runtime: the longer context, then the more exact
// weights, then the more exact cache.
func (c Choice) betterThan(other Choice) bool {
	return c.Context > other.Context || c.Context == other.Context && c.moreExact(other)
}

// asExact is how far the weights of two runtimes may be apart in bytes and still be
// called equally exact: Q8_0 and 8bit, Q6_K and 6bit are, Q4_K_M and 4bit are not.
const asExact = 1.0 / 16

// takenBefore is of the best choices of two runtimes: the longer context, then the more
// exact weights, then the faster decode.
func (c Choice) takenBefore(other Choice) bool {
	mine, others := float64(c.weightBytes()), float64(other.weightBytes())
	switch {
	case c.Context != other.Context:
		return c.Context > other.Context
	case math.Abs(mine-others) > asExact*max(mine, others):
		return c.moreExact(other)
	case c.Decode == nil || other.Decode == nil:
		return false
	}
	return c.Decode.TokensPerSecond.Value > other.Decode.TokensPerSecond.Value
}

func (c Choice) weightBytes() int64 {
	if c.Memory != nil && c.Memory.WeightBytes != nil {
		return *c.Memory.WeightBytes
	}
	return 0
}

// moreExact says whether the choice's weights lose less, where that was measured of
// both, else whether they have more bytes; then whether its cache is larger.
func (c Choice) moreExact(than Choice) bool {
	if c.LossKL != nil && than.LossKL != nil && *c.LossKL != *than.LossKL {
		return *c.LossKL < *than.LossKL
	}
	if mine, others := c.weightBytes(), than.weightBytes(); mine != others {
		return mine > others
	}
	return c.NeedBytes > than.NeedBytes
}

// rank puts what fits first and, of each model, marks the best.
func (a *adviser) rank() {
	slices.SortStableFunc(a.Choices, func(x, y Choice) int {
		if x.Fits != y.Fits {
			if x.Fits {
				return -1
			}
			return 1
		}
		return 0
	})
	type of struct{ ref, runtime string }
	byRuntime, best := map[of]int{}, map[string]int{}
	for i, c := range a.Choices {
		key := of{c.Ref, c.Runtime}
		if at, known := byRuntime[key]; c.Fits && (!known || c.betterThan(a.Choices[at])) {
			byRuntime[key] = i
		}
	}
	for i, c := range a.Choices {
		if at, fits := byRuntime[of{c.Ref, c.Runtime}]; !fits || at != i {
			continue
		}
		if at, known := best[c.Ref]; !known || c.takenBefore(a.Choices[at]) {
			best[c.Ref] = i
		}
	}
	for _, i := range best {
		a.Choices[i].Best = true
	}
}
