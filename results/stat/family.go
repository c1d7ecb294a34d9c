package stat

import "math"

// Rule says when an effect counts.
type Rule struct {
	// Alpha bounds the chance that anything of an unchanged run is reported.
	Alpha float64
	// Smallest is the smallest relative change of a speed that counts, 0.03 for 3 %.
	Smallest float64
}

// DefaultRule allows one false alarm in a hundred comparisons of whole runs and
// leaves changes below 3 % alone.
func DefaultRule() Rule { return Rule{Alpha: 0.01, Smallest: 0.03} }

// least is the smallest logarithm of a ratio that counts.
func (r Rule) least() float64 { return -math.Log1p(-r.Smallest) }

// Label says whose a case is. Cases of one runtime and kind share what a session
// does to them; those of one model may move together.
type Label struct {
	Runtime string `json:"runtime"`
	Kind    string `json:"kind"`
	// Model is "" where all models are meant.
	Model string `json:"model,omitempty"`
}

// Scope is what a test looked at.
type Scope string

// The scopes, from the narrowest.
const (
	OneCase  Scope = "case"
	OneModel Scope = "model"
	Several  Scope = "several models"
	OneKind  Scope = "kind"
)

// Effect is what was found of one case. Shifts are logarithms of times, so that
// more is slower.
type Effect struct {
	// Total is the logarithm of head over base, Shift what is left of it without
	// the shift that the cases of its runtime and kind share.
	Total, Shift float64
	// SE is Shift's standard error, with DF degrees of freedom.
	SE, DF float64
	// P is the chance of such a shift in an unchanged case, Adjusted the chance
	// of one in any case of an unchanged run (Holm 1979).
	P, Adjusted float64
	// Found says that the effect is real and large enough to count, and By in
	// which scope that was seen.
	Found bool
	By    Scope
	// Slower is the direction of what was found.
	Slower bool
	// Nights is how many nights the case was judged against, 0 for two runs;
	// Together is 2 where only tonight and the night before together show it.
	Nights, Together int
	// Detectable is the smallest relative loss of speed that would have been
	// found in this case alone with 95 % power; 1 is none.
	Detectable float64

	step  *float64
	reach float64 // how many SE the 95 % interval reaches, Student's for DF
}

// Change is the effect as a relative change of speed, -0.05 for 5 % slower, and
// the interval that contains it with 95 % confidence.
func (e Effect) Change() (change, lo, hi float64) {
	w := e.reach * e.SE
	return math.Expm1(-e.Shift), math.Expm1(-e.Shift - w), math.Expm1(w - e.Shift)
}

// Judged says whether the case could be judged at all.
func (e Effect) Judged() bool { return e.SE > 0 && !math.IsInf(e.SE, 0) }

// GroupEffect is what was found of cases that belong together.
type GroupEffect struct {
	Label
	Scope Scope `json:"scope"`
	// Models are those of Several.
	Models []string `json:"models,omitempty"`
	// Shift is the logarithm of the group's time, head over base; for a kind with,
	// for models without what the kind shares.
	Shift float64 `json:"shift"`
	// Usual bounds, with 95 % confidence, how far sessions move a group that did
	// not change, as a logarithm.
	Usual float64 `json:"usual"`
	// P is the chance of this in an unchanged group, Adjusted in any of its scope.
	P        float64 `json:"p"`
	Adjusted float64 `json:"p_family"`
	Found    bool    `json:"found"`
	// Cases are how many cases the group has, Members those, by their place, that
	// moved with it.
	Cases   int   `json:"cases"`
	Members []int `json:"-"`
	// Detectable is as Effect's, of the whole group.
	Detectable float64 `json:"detectable"`
}

// Change is the shift as a relative change of speed.
func (g GroupEffect) Change() float64 { return math.Expm1(-g.Shift) }

// Family is the judgement of all cases of a comparison.
type Family struct {
	Effects []Effect
	// Groups are all kinds, and the models that were found.
	Groups []GroupEffect
	// Nights is how many nights the cases were judged against, at most; 0 is two runs.
	Nights int
}
