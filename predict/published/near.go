package published

import (
	_ "embed"
	"math"
	"sync"

	"assay/predict/roofline"
	"assay/predict/table"
)

// How near the nearest figure is to what is predicted.
const (
	nearWork       = iota // the chip and runtime, with a model of that kind, size and type
	nearChip              // the chip and runtime
	nearGeneration        // the runtime on another chip of the generation
	nearNothing           // neither
)

// likeness is what of a work decides whether another is near to it.
type likeness struct {
	runtime, chip, generation string
	experts, recurrent        bool
	// typ is the kin of the type of most bytes; ownType says that figures have it itself.
	typ     string
	ownType bool
	bytes   float64
}

func like(s Setting, w roofline.Work) likeness {
	g, own := s.generation()
	if !own {
		g = s.Chip.Generation()
	}
	l := likeness{runtime: s.Runtime, chip: s.Chip.Name, generation: g}
	layers := layersOf(w)
	l.experts, l.recurrent = layers.Experts > 0, layers.Recurrent > 0
	var most float64
	for _, t := range w.Terms {
		if t.Class == roofline.ClassAttention {
			continue
		}
		l.bytes += t.Bytes / w.Steps
		if t.Bytes > most {
			most = t.Bytes
			l.typ, l.ownType = kinOf(s.Runtime, t.Type)
		}
	}
	return l
}

// sizeFactor is how much larger or smaller a model of the same size may be.
const sizeFactor = 2

// near is how near the known works are to this one.
func near(of likeness, known []likeness) int {
	best := nearNothing
	for _, k := range known {
		switch {
		case k.runtime != of.runtime || k.generation != of.generation:
		case k.chip != of.chip:
			best = min(best, nearGeneration)
		case k.experts == of.experts && k.recurrent == of.recurrent && k.typ == of.typ &&
			math.Abs(math.Log(k.bytes/of.bytes)) < math.Log(sizeFactor):
			return nearWork
		default:
			best = min(best, nearChip)
		}
	}
	return best
}

//go:embed data/widths.csv
var widthsCSV string

// width is a row of widths.csv; its head says what the columns are.
type width struct {
	Kind    string  `csv:"kind"`
	Runtime string  `csv:"runtime"`
	Near    int     `csv:"near"`
	Rows    int     `csv:"rows"`
	Factor  float64 `csv:"factor"`
}

var widths = sync.OnceValue(func() map[width]float64 {
	out := map[width]float64{}
	for _, w := range table.Must[width](widthsCSV) {
		out[width{Kind: w.Kind, Runtime: w.Runtime, Near: w.Near}] = w.Factor
	}
	return out
})

// known are the likenesses of all figures of a kind that the fit learnt from.
var known = sync.OnceValues(func() (map[string][]likeness, error) {
	list, err := observations()
	if err != nil {
		return nil, err
	}
	out := map[string][]likeness{}
	for _, o := range list {
		if o.learnt() {
			out[o.kind()] = append(out[o.kind()], like(o.setting, o.work(o.shape)))
		}
	}
	return out, nil
})

// learnt reports whether the fit takes the figure in: nothing doubts it, and it
// says what was done.
func (o observation) learnt() bool {
	return o.marked == "" && (o.decodes() || o.Tokens != nil) && !o.Setup.has("fork")
}

func (o observation) kind() string {
	if o.decodes() {
		return roofline.KindDecode
	}
	return roofline.KindPrefill
}
