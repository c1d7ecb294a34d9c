package roofline_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"assay/predict/roofline"
)

// shape is a dense transformer, enough of one to count its work.
type shape struct {
	name                             string
	layers, hidden, ff, heads, kv, d float64
	vocab                            float64
}

var shapes = []shape{
	{"wide", 4, 2048, 8192, 32, 8, 64, 32000},
	{"deep", 24, 768, 2048, 12, 4, 64, 16000},
	{"tall", 12, 1536, 4096, 12, 4, 128, 16000},
	{"heads", 8, 1024, 3072, 16, 8, 128, 32000},
	{"slim", 16, 512, 2048, 8, 2, 128, 64000},
}

var bytesPerWeight = map[string]float64{"f16": 2, "q8_0": 1.0625, "q4_0": 0.5625, "q4_K": 0.5625}

// work counts one sample: n tokens of prefill in one micro-batch, or n steps of decode.
func (s shape) work(weightType, kind string, n, depth float64) roofline.Work {
	layer := 2*s.hidden*s.heads*s.d + 2*s.hidden*s.kv*s.d + 3*s.hidden*s.ff
	body, head := s.layers*layer, s.hidden*s.vocab
	steps, tokens := n, 1.0
	if kind == roofline.KindPrefill {
		steps, tokens = 1, n
	}
	cells := 256 * math.Ceil((depth+n)/256)
	live := n*depth + n*(n+1)/2
	per := bytesPerWeight[weightType]
	known := func(v float64) *float64 { return &v }
	return roofline.Work{
		Tokens: n, Steps: steps, Products: known(steps * (s.layers*31 + 6)),
		Activation: 4 * n * s.layers * (8*s.hidden + 3*s.ff),
		Terms: []roofline.Term{
			{Class: roofline.ClassWeights, Type: weightType, FLOPs: 2 * body * n, Bytes: steps * body * per},
			{Class: roofline.ClassHead, Type: weightType, FLOPs: 2 * head * steps, Bytes: steps * head * per},
			{
				Class: roofline.ClassAttention, Type: "f16",
				FLOPs: 4 * s.layers * s.heads * s.d * steps * tokens * cells, Bytes: 4 * s.layers * s.kv * s.d * steps * cells,
				LiveFLOPs: known(4 * s.layers * s.heads * s.d * live), RowBytes: known(2 * s.kv * s.d),
			},
		},
	}
}

// truth is a machine whose costs are known. norm is how a term's arithmetic and
// bytes overlap: 1 is the sum, infinity the maximum.
type truth struct {
	step, product, activation float64
	read, multiply            map[string]float64
	attendOne, attendMany, c  float64 // c: a byte of cache
	norm                      float64
}

func machine() truth {
	return truth{
		step: 2e-4, product: 2e-6, activation: 1e-11,
		read:      map[string]float64{"f16": 9e-11, "q8_0": 7e-11, "q4_0": 6e-11, "q4_K": 1.1e-10},
		multiply:  map[string]float64{"f16": 1.6e-11, "q8_0": 4.8e-12, "q4_0": 4.4e-12, "q4_K": 5e-12},
		attendOne: 3e-11, attendMany: 2.6e-11, c: 2e-10, norm: 1,
	}
}

func (m truth) seconds(w roofline.Work) float64 {
	both := func(a, b float64) float64 {
		if math.IsInf(m.norm, 1) {
			return max(a, b)
		}
		return math.Pow(math.Pow(a, m.norm)+math.Pow(b, m.norm), 1/m.norm)
	}
	s := w.Steps*m.step + *w.Products*m.product + w.Activation*m.activation
	for _, t := range w.Terms {
		switch {
		case t.Class == roofline.ClassAttention && w.Tokens == w.Steps:
			s += both(*t.LiveFLOPs*m.attendOne, t.Bytes*m.c)
		case t.Class == roofline.ClassAttention:
			s += both(*t.LiveFLOPs*m.attendMany, t.Bytes*m.c)
		case t.Class == roofline.ClassHead || w.Tokens == w.Steps:
			s += t.Bytes * m.read[t.Type]
		default:
			s += both(t.FLOPs*m.multiply[t.Type], t.Bytes*m.read[t.Type])
		}
	}
	return s
}

// measure observes the shapes on the machine with relative noise.
func measure(m truth, noise float64, shapes []shape, types ...string) []roofline.Observation {
	r := rand.New(rand.NewPCG(3, 4))
	var obs []roofline.Observation
	add := func(s shape, weightType, kind string, n, depth float64) {
		w := s.work(weightType, kind, n, depth)
		obs = append(obs, roofline.Observation{
			Case:  fmt.Sprintf("%s %s %s %g @ d %g", s.name, weightType, kind, n, depth),
			Model: s.name, Kind: kind, Depth: int(depth), Machine: "lab, 1 thread", Runtime: "llama.cpp", Run: "r1",
			Work: w, Seconds: m.seconds(w) * math.Exp(noise*r.NormFloat64()),
		})
	}
	for _, s := range shapes {
		for _, t := range types {
			for _, depth := range []float64{0, 512, 2048} {
				add(s, t, roofline.KindDecode, 4, depth)
			}
			for _, n := range []float64{16, 128, 512} {
				add(s, t, roofline.KindPrefill, n, 0)
			}
			add(s, t, roofline.KindPrefill, 256, 1024)
		}
	}
	return obs
}
