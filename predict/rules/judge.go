package rules

import (
	"fmt"
	"slices"
	"strings"

	"assay/predict/kv"
)

// Observed is what was read from a running runtime; nil where it was not.
type Observed struct {
	KVBytes     *int64
	KVLayers    []kv.Layer
	FLOPs       *int64
	Params      *int64
	WeightBytes *int64
}

// Verdict sets what a rule says beside what was measured.
type Verdict struct {
	Rules               string
	Figure              Figure
	Predicted, Measured int64
	// Confirmed is equality, of layers one by one.
	Confirmed bool
	// Causes are the rule's assumptions that are false of this case.
	Causes []Cause
}

// Because is the verdict's reason in a sentence; empty when it is confirmed.
func (v Verdict) Because() string {
	if v.Confirmed {
		return ""
	}
	if len(v.Causes) == 0 {
		return "none of the rule's assumptions explains it"
	}
	var parts []string
	for _, c := range v.Causes {
		text := c.What
		if c.Effect != 0 {
			text += fmt.Sprintf(" (%s once corrected)", v.Figure.amount(c.Effect))
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// amount writes a difference of the figure for people: bytes in MiB, operations
// in units of 10⁹.
func (f Figure) amount(n int64) string {
	switch {
	case f != KVBytes && f != WeightBytes && f != FLOPs:
		return fmt.Sprintf("%+d", n)
	case f != FLOPs && abs(n) < 1<<20:
		return fmt.Sprintf("%+d bytes", n)
	case f != FLOPs:
		return fmt.Sprintf("%+.2f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%+.3f GFLOP", float64(n)/1e9)
}

// Chief is the false assumption that moves the figure most; empty when the rule
// is confirmed or nothing explains it.
func (v Verdict) Chief() string {
	if len(v.Causes) == 0 {
		return ""
	}
	return v.Causes[0].What
}

// Judge sets every figure that the rule set speaks of and that was observed
// beside the observation.
func Judge(s Set, c Case, seen Observed) ([]Verdict, error) {
	var out []Verdict
	for _, f := range s.Figures(c) {
		measured, ok := seen.figure(c, f)
		if !ok {
			continue
		}
		v, err := s.judge(c, f, measured)
		if err != nil {
			return nil, fmt.Errorf("judge %s by %s: %w", f, s.Name, err)
		}
		out = append(out, v.layerwise(s, c, seen))
	}
	return out, nil
}

func (s Set) judge(c Case, f Figure, measured int64) (Verdict, error) {
	predicted, err := s.Predict(c, f)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Rules: s.Name, Figure: f, Predicted: predicted, Measured: measured, Confirmed: predicted == measured}
	if !v.Confirmed {
		v.Causes, err = s.Causes(c, f)
	}
	return v, err
}

// layerwise compares which layers are full: their number alone proves little.
func (v Verdict) layerwise(s Set, c Case, seen Observed) Verdict {
	if v.Figure != FullLayers {
		return v
	}
	said := fullLayers(newQuestion(c).assume(s.rules[FullLayers], -1).Facts)
	measured := longestLayers(seen.KVLayers)
	v.Confirmed = slices.Equal(said, measured)
	v.Causes = nil
	if !v.Confirmed {
		v.Causes = []Cause{{What: fmt.Sprintf("says that layers %s keep every token; those that do are %s",
			layerList(said), layerList(measured))}}
	}
	return v
}

// figure is the observation to hold a figure against, where there is one.
func (o Observed) figure(c Case, f Figure) (int64, bool) {
	value := func(n *int64) (int64, bool) {
		if n == nil {
			return 0, false
		}
		return *n, true
	}
	switch f {
	case KVBytes:
		return value(o.KVBytes)
	case FLOPs:
		return value(o.FLOPs)
	case Params:
		return value(o.Params)
	case WeightBytes:
		return value(o.WeightBytes)
	case HeadDim:
		return o.headDim(c)
	case FullLayers:
		full := longestLayers(o.KVLayers)
		return int64(len(full)), len(full) > 0
	}
	return 0, false
}

// headDim is the width of a key head, from the bytes of a layer's keys.
func (o Observed) headDim(c Case) (int64, bool) {
	for _, l := range o.KVLayers {
		if l.Layer < 0 || l.Layer >= len(c.Facts.Layers) || l.Class == kv.Recurrent || l.Cells == 0 || l.KBytes == 0 {
			continue
		}
		a := c.Facts.Layers[l.Layer].Attention
		if a == nil || a.MLA != nil || a.KVHeads == 0 {
			continue
		}
		elements, err := elementsOf(l.KBytes/l.Cells, c.Params.TypeK)
		return elements / a.KVHeads, err == nil
	}
	return 0, false
}

// longestLayers are the layers with the most cells; nil when all have as many,
// because then nothing tells a full layer from a windowed one.
func longestLayers(layers []kv.Layer) []int {
	var most, least int64
	for _, l := range layers {
		if l.Class == kv.Recurrent || l.Cells == 0 {
			continue
		}
		most = max(most, l.Cells)
		if least == 0 || l.Cells < least {
			least = l.Cells
		}
	}
	if most == least {
		return nil
	}
	var out []int
	for _, l := range layers {
		if l.Class != kv.Recurrent && l.Cells == most {
			out = append(out, l.Layer)
		}
	}
	return out
}
