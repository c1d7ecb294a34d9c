package published

import (
	_ "embed"
	"math"
	"strings"
	"sync"

	"assay/predict/machines"
	"assay/predict/roofline"
	"assay/predict/table"
)

//go:embed data/parameters.csv
var parametersCSV string

// parameter is a row of parameters.csv; its head says what the columns are.
type parameter struct {
	Name   string  `csv:"name"`
	Prior  float64 `csv:"prior"`
	Spread float64 `csv:"spread"`
	Value  float64 `csv:"value"`
	Basis  string  `csv:"basis"`
}

// costs looks a parameter up by its name.
type costs func(name string) float64

var fitted = sync.OnceValue(func() map[string]float64 {
	out := map[string]float64{}
	for _, p := range table.Must[parameter](parametersCSV) {
		out[p.Name] = p.Value
	}
	return out
})

// Setting is what speed hangs on besides the work.
type Setting struct {
	Chip machines.Chip
	// Runtime is LlamaCpp or MLX.
	Runtime string
	// NoTensor: the library has no kernels for an M5's tensor units.
	NoTensor bool
	// Fanless: the Mac has no fan (MacBook Air).
	Fanless bool
	// Server: tokens come through an HTTP server such as Ollama.
	Server bool
	// old: llama.cpp before June 2024; serial: before September 2025, when it ran
	// the nodes of a graph on Metal one after the other (its pull request 15929);
	// unfused: before May 2026, when its recurrent layers took many nodes;
	// rested: 10 s of rest before each run.
	old, serial, unfused, rested bool
}

// generations that have parameters; another takes those of the nearest.
var generations = []string{"M1", "M2", "M3", "M4", "M5"}

// generation is the one whose parameters hold, and whether it is the chip's own.
func (s Setting) generation() (string, bool) {
	g := s.Chip.Generation()
	for _, known := range generations {
		if g == known {
			return g, true
		}
	}
	if g > "M5" && strings.HasPrefix(g, "M") {
		return "M5", false
	}
	return "M4", false
}

func (s Setting) ultra() bool { return strings.HasSuffix(s.Chip.Name, "Ultra") }

// large chips have so many cores for their bandwidth's kernels that not all are
// kept busy by the rows of one product.
func (s Setting) large() bool { return s.ultra() || strings.HasSuffix(s.Chip.Name, "Max") }

// sideNorm is the exponent by which the time of reading and that of unpacking
// overlap: nearly the larger of the two.
const sideNorm = 4

// hotParams are the parameters a token from which a fanless M5 runs hot in
// decode, hotWork the parameters times tokens of one call in prefill.
const (
	hotParams = 9e9
	hotWork   = 2e12
)

// spent is the time of a sample in seconds by what it goes to.
type spent struct{ read, unpack, compute, fixed, cache float64 }

func (t spent) total() float64 { return t.read + t.unpack + t.compute + t.fixed + t.cache }

// decode is the time of the tokens of w, one after the other:
//
//	Σ over weights of ((bytes/bandwidth)⁴ + (bytes/(cores · rate))⁴)^¼, experts slower,
//	+ (call + layers · …) · generation + cache/bandwidth + attention/(cores · rate)
//
// The forms that were tried against it stand in the shared figures' study: fixed
// times a layer are worth most, efficiencies by chip and type least.
func (s Setting) decode(w roofline.Work, c costs) spent {
	var t spent
	g, _ := s.generation()
	cores := float64(s.Chip.GPUCores)
	bandwidth := s.Chip.Bandwidth
	if s.ultra() {
		bandwidth *= c("decode bandwidth Ultra")
	}
	for _, term := range w.Terms {
		if term.Class == roofline.ClassAttention {
			if term.FLOPs > 0 {
				t.cache += term.Bytes/(bandwidth*c("decode cache "+s.Runtime)) + seen(term)/(cores*1e9*c("decode attention "+s.Runtime+" GFLOPS"))
			}
			continue
		}
		typ, _ := kinOf(s.Runtime, term.Type)
		read := term.Bytes / (bandwidth * c("decode bandwidth "+s.Runtime) * c("decode type "+typ))
		if term.Class == roofline.ClassExperts {
			read /= c("decode experts " + s.Runtime)
		}
		both := read
		if s.Runtime == LlamaCpp {
			unpack := term.Bytes / (cores * s.coreRate(typ, g, c))
			both = math.Pow(math.Pow(read, sideNorm)+math.Pow(unpack, sideNorm), 1./sideNorm)
		}
		t.read += read
		t.unpack += both - read
	}
	layers := layersOf(w)
	fixed := w.Steps*c("decode call "+s.Runtime+" us") + layers.All*c("decode layer "+s.Runtime+" us")
	if layers.Experts > 0 {
		fixed += layers.Experts * c("decode expert layer "+s.Runtime+" us")
	}
	if layers.Recurrent > 0 {
		fixed += layers.Recurrent * s.recurrentLayer(c)
	}
	fixed *= c("decode fixed " + g)
	if s.serial {
		fixed *= c("decode fixed serial")
	}
	if s.ultra() {
		fixed *= c("decode fixed Ultra")
	}
	if s.Server {
		fixed += w.Steps * c("decode server "+s.Runtime+" us")
	}
	t.fixed = fixed / 1e6
	if s.Fanless && g == "M5" && products(w)/2/w.Tokens > hotParams {
		t = t.over(c("decode heat"))
	}
	return t
}

// recurrentLayer is what a layer with a state takes more in decode, in µs.
func (s Setting) recurrentLayer(c costs) float64 {
	us := c("decode recurrent layer " + s.Runtime + " us")
	if s.unfused {
		us *= c("decode recurrent unfused")
	}
	return us
}

// over is the same at a share of the speed.
func (t spent) over(speed float64) spent {
	return spent{t.read / speed, t.unpack / speed, t.compute / speed, t.fixed / speed, t.cache / speed}
}

// coreRate is the bytes a second that one GPU core unpacks of a type.
func (s Setting) coreRate(typ, generation string, c costs) float64 {
	rate := 1e9 * c("decode core "+generation+" GBps")
	if !s.large() {
		rate *= c("decode core small")
	}
	if s.serial {
		rate *= c("decode core serial")
	}
	if typ != "q4_K" {
		rate *= c("decode core " + typ)
	}
	return rate
}

// prefill is the time of a prompt:
//
//	Σ over weights of ((operations/(cores · rate))³ + (bytes/bandwidth)³)^⅓
//	+ calls · … + layers · … + tokens of recurrent layers · … + attention/(share of the rate)
//
// where a call costs as if it had some tokens more, and each expert that is met.
func (s Setting) prefill(w roofline.Work, c costs) spent {
	var t spent
	g, _ := s.generation()
	rate := s.rate(w, g, c)
	bandwidth := s.Chip.Bandwidth * c("prefill bandwidth")
	extra := c("prefill extra " + s.Runtime + " tokens")
	if g == "M5" && !s.NoTensor {
		extra = c("prefill extra M5 tokens")
	}
	more := 1 + extra*calls(s.Runtime, w)/w.Tokens
	for _, term := range w.Terms {
		typ, _ := kinOf(s.Runtime, term.Type)
		read, compute := term.Bytes/bandwidth, 0.0
		switch term.Class {
		case roofline.ClassAttention:
			if term.FLOPs > 0 {
				t.cache += seen(term) / (rate * c("prefill attention "+s.Runtime))
			}
			continue
		case roofline.ClassWeights:
			compute = term.FLOPs * more / (rate * c("prefill type "+typ))
		case roofline.ClassExperts:
			met := 16 * term.Bytes / bitsOf(term.Type) // operations of one token with each
			compute = (term.FLOPs + met*c("prefill pad tokens")) / (rate * c("prefill type "+typ) * s.expertShare(g, c))
		}
		both := math.Cbrt(read*read*read + compute*compute*compute)
		if compute > read {
			t.compute += both
		} else {
			t.read += both
		}
	}
	t.fixed = s.fixedOfPrompt(w, c)
	if s.Server {
		t = t.over(1 / c("prefill server"))
		t.fixed += c("prefill server "+s.Runtime+" ms") / 1e3
	}
	return t
}

// rate is the operations a second of products of many tokens with dense weights.
func (s Setting) rate(w roofline.Work, g string, c costs) float64 {
	rate := float64(s.Chip.GPUCores) * 1e12 * c("prefill rate "+s.Runtime+" "+g+" TFLOPS")
	if g == "M5" && s.NoTensor {
		rate *= c("prefill no tensor")
	}
	if s.ultra() {
		rate *= c("prefill Ultra")
	}
	if s.old && s.Runtime == LlamaCpp {
		rate *= c("prefill old")
	}
	if s.Fanless && g == "M5" {
		if products(w)/2/calls(s.Runtime, w) > hotWork {
			return rate * c("prefill heat")
		}
		rate *= c("prefill warm")
	}
	return rate
}

func (s Setting) expertShare(g string, c costs) float64 {
	if g == "M5" && !s.NoTensor {
		return c("prefill experts " + s.Runtime + " M5")
	}
	return c("prefill experts")
}

// fixedOfPrompt is what calls and layers take whatever the tokens.
func (s Setting) fixedOfPrompt(w roofline.Work, c costs) float64 {
	layers, n := layersOf(w), calls(s.Runtime, w)
	us := 1e3*n*c("prefill call "+s.Runtime+" ms") + layers.All*c("prefill layer "+s.Runtime+" us")
	if layers.Experts > 0 {
		us += layers.Experts * c("prefill expert layer us")
	}
	if layers.Recurrent > 0 {
		us += layers.Recurrent / w.Steps * w.Tokens * c("prefill recurrent "+s.Runtime+" us")
	}
	if s.rested {
		us += 1e3 * n * c("prefill rest ms")
		if layers.Experts > 0 {
			us += layers.Experts * c("prefill rest expert layer us")
		}
	}
	return us / 1e6
}

// calls are those of many tokens: mlx_lm's last token goes alone.
func calls(runtime string, w roofline.Work) float64 {
	if runtime == MLX {
		return max(1, w.Steps-1)
	}
	return w.Steps
}

// seen are the operations of attention on cells that the mask lets through.
func seen(t roofline.Term) float64 {
	if t.LiveFLOPs != nil {
		return *t.LiveFLOPs
	}
	return t.FLOPs
}

// products are the operations with weights.
func products(w roofline.Work) (sum float64) {
	for _, t := range w.Terms {
		if t.Class != roofline.ClassAttention {
			sum += t.FLOPs
		}
	}
	return sum
}

// productsOfLayer stand for a layer where layers are not counted: four of
// attention, three of the feed-forward part, and attention itself.
const productsOfLayer = 8

// layersOf are the layers that the work evaluates.
func layersOf(w roofline.Work) roofline.Layers {
	if w.Layers != nil {
		return *w.Layers
	}
	l := roofline.Layers{All: 32 * w.Steps}
	if w.Products != nil {
		l.All = *w.Products / productsOfLayer
	}
	for _, t := range w.Terms {
		if t.Class == roofline.ClassExperts {
			l.Experts = l.All
		}
	}
	return l
}
