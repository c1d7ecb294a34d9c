package published

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"assay/predict/machines"
	"assay/predict/roofline"
)

// Mac predicts times on one Mac in one runtime.
type Mac struct {
	setting Setting
	// others are further variants that the words fit as well.
	others []machines.Chip
	words  string
}

// New takes the machine that s.Chip is left empty for. Where the words fit
// several variants of a chip, the one with most cores is predicted, and the
// interval holds all of them.
func New(m machines.Machine, s Setting) (*Mac, error) {
	if s.Runtime != LlamaCpp && s.Runtime != MLX {
		return nil, fmt.Errorf("no figures of %s on Macs are known; there are some of %s and %s", s.Runtime, LlamaCpp, MLX)
	}
	s.Chip = m.Chip
	return &Mac{setting: s, others: m.Others, words: m.String()}, nil
}

// unknownType widens the interval where a type stands for another of its kin,
// unknownChip where a generation does, farContext a context longer than any.
const (
	unknownType = 1.1
	unknownChip = 1.25
	farContext  = 1.2
)

// Predict returns the time of one sample of kind with a 95 % interval, which is
// wider the farther the figures are. It refuses only work that is none.
func (m *Mac) Predict(kind string, w roofline.Work) (roofline.Prediction, error) {
	if err := w.Check(); err != nil {
		return roofline.Prediction{}, err
	}
	t := m.setting.time(kind, w)
	factor, err := m.factor(kind, w)
	if err != nil {
		return roofline.Prediction{}, err
	}
	value := t.total()
	s := roofline.Interval{Value: value, Lo: value / factor, Hi: value * factor}
	for _, c := range m.others {
		other := m.setting
		other.Chip = c
		v := other.time(kind, w).total()
		s.Lo, s.Hi = min(s.Lo, v/factor), max(s.Hi, v*factor)
	}
	p := roofline.Prediction{Seconds: s, TokensPerSecond: s.PerSecond(w.Tokens)}
	p.Bound, p.Shares = t.shares()
	return p, nil
}

// time is the sample's by the fitted costs.
func (s Setting) time(kind string, w roofline.Work) spent {
	c := func(name string) float64 { return fitted()[name] }
	if kind == roofline.KindDecode {
		return s.decode(w, c)
	}
	return s.prefill(w, c)
}

// factor is the half width of the interval.
func (m *Mac) factor(kind string, w roofline.Work) (float64, error) {
	at, err := m.near(kind, w)
	if err != nil {
		return 0, err
	}
	f := math.Log(widths()[width{Kind: kind, Runtime: m.setting.Runtime, Near: at}])
	if l := like(m.setting, w); !l.ownType {
		f += math.Log(unknownType)
	}
	if _, own := m.setting.generation(); !own {
		f += math.Log(unknownChip)
	}
	if cellsRead(w) > float64(m.MeasuredContext()) {
		f += math.Log(farContext)
	}
	return math.Exp(f) * w.Widening(), nil
}

func (m *Mac) near(kind string, w roofline.Work) (int, error) {
	all, err := known()
	if err != nil {
		return 0, err
	}
	return near(like(m.setting, w), all[kind]), nil
}

// cellsRead is about how many tokens each token looks at, from the operations of
// attention over those of the products: 0 where there is no attention.
func cellsRead(w roofline.Work) float64 {
	for _, t := range w.Terms {
		if t.Class == roofline.ClassAttention && t.RowBytes != nil && *t.RowBytes > 0 && layersOf(w).All > 0 {
			return t.Bytes / (2 * *t.RowBytes * layersOf(w).All)
		}
	}
	return 0
}

// shares say what the time goes to.
func (t spent) shares() (roofline.Bound, []roofline.Share) {
	total := t.total()
	list := []roofline.Share{
		{Name: "read weights", Share: t.read / total}, {Name: "unpack weights", Share: t.unpack / total},
		{Name: "multiply", Share: t.compute / total}, {Name: "attend", Share: t.cache / total},
		{Name: "layers and calls", Share: t.fixed / total},
	}
	list = slices.DeleteFunc(list, func(s roofline.Share) bool { return s.Share <= 0 })
	slices.SortStableFunc(list, func(a, b roofline.Share) int {
		if a.Share > b.Share {
			return -1
		}
		return 1
	})
	switch list[0].Name {
	case "read weights":
		return roofline.BoundBandwidth, list
	case "layers and calls":
		return roofline.BoundOverhead, list
	}
	return roofline.BoundCompute, list
}

// Of names the runtime.
func (m *Mac) Of() string { return m.setting.Runtime }

// MeasuredContext is the longest context of a figure of the runtime.
func (m *Mac) MeasuredContext() int {
	var most float64
	for _, f := range figures() {
		if f.Runtime == m.setting.Runtime {
			most = max(most, f.depth()+f.tokens())
		}
	}
	return int(most)
}

// Source says in a sentence what predictions rest on, and how far the nearest
// figure is.
func (m *Mac) Source() string {
	list, err := observations()
	if err != nil {
		return err.Error()
	}
	own, all, from := 0, 0, map[string]bool{}
	for _, o := range list {
		if !o.learnt() || o.Runtime != m.setting.Runtime {
			continue
		}
		all++
		from[o.project()] = true
		if o.setting.Chip.Name == m.setting.Chip.Name {
			own++
		}
	}
	return fmt.Sprintf("%s in %s by a model of Macs that %d published figures of %d projects were fitted to, %s; a figure whose model, "+
		"chip or source it has not seen "+
		"is missed by %s", m.words, m.setting.Runtime, all, len(from), m.ownFigures(own), heldOutWords())
}

// ownFigures says how many are of the chip, and what stands in for it.
func (m *Mac) ownFigures(n int) string {
	g, own := m.setting.generation()
	var s string
	switch {
	case n > 0:
		s = fmt.Sprintf("%d of them on this chip", n)
	case own:
		s = "none on this chip"
	default:
		s = fmt.Sprintf("none on this chip, whose generation stands with the costs of an %s", g)
	}
	if len(m.others) > 0 {
		ids := make([]string, len(m.others))
		for i, c := range m.others {
			ids[i] = c.ID()
		}
		s += "; the interval holds " + strings.Join(ids, ", ") + " too"
	}
	return s
}
