package logit

import (
	"fmt"
	"math"
)

// Noise is what rounding explains of a difference in what comes out.
type Noise struct {
	// Distance is how far logits may be from those of exact arithmetic, as a multiple
	// of their spread.
	Distance float64 `json:"distance"`
	// Routed: tokens choose experts. Where two of them are nearly as good, rounding
	// chooses, and that token is further off than Distance says; most are not.
	Routed bool `json:"routed,omitempty"`
}

// Agreement is a divergence judged by what rounding explains.
type Agreement struct {
	Divergence
	// Allowed is what it explains of a distance, Off the distance that was judged, and
	// From the first token that it was read at.
	Allowed float64 `json:"allowed"`
	Off     float64 `json:"off"`
	From    int     `json:"from"`
}

// Agree judges whether two outputs are of one computation; nil where that cannot be
// said: they are not of the same tokens, or what rounding explains is not known.
//
// Each is as far from exact arithmetic as its noise says, in directions of its own,
// so that both together are as far apart as the root of the sum of squares. Where
// tokens are routed, those that are not far off are judged: the median position, and
// the median of each run.
func Agree(a, b *Output, noise, other *Noise) *Agreement {
	d := Diverge(a, b)
	if d == nil || noise == nil || other == nil {
		return nil
	}
	g := &Agreement{Divergence: *d, Allowed: math.Hypot(noise.Distance, other.Distance), Off: d.Distance, From: d.At}
	if noise.Routed || other.Routed {
		g.Off = d.Usual
	}
	if d.Run > g.Off {
		g.Off, g.From = d.Run, d.RunAt
	}
	return g
}

// Holds reports whether the outputs agree.
func (g *Agreement) Holds() bool { return g.Off <= g.Allowed }

// String says how far apart the outputs are.
func (g *Agreement) String() string {
	s := fmt.Sprintf("logits %.2g of their spread apart at token %d, where rounding explains %.2g; KL %.2g nats, at most %.2g; largest "+
		"difference %.2g",
		g.Off, g.From, g.Allowed, g.KL, g.WorstKL, g.Largest)
	if g.Differs != nil {
		s += fmt.Sprintf("; after token %d the most likely is %d, and was %d", g.Differs.At, g.Differs.Second, g.Differs.First)
	}
	return s
}
