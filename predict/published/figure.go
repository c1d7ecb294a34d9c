package published

import (
	_ "embed"
	"strings"
	"sync"

	"assay/predict/machines"
	"assay/predict/table"
)

//go:embed data/figures.csv
var figuresCSV string

//go:embed data/sources.csv
var sourcesCSV string

//go:embed data/models.csv
var modelsCSV string

// Figure is one published figure: how fast one model ran on one Mac.
type Figure struct {
	Source  string `csv:"source"`
	Runtime string `csv:"runtime"`
	Version string `csv:"version"`
	Model   string `csv:"model"`
	// Weights is the type or mix as the runtime's people call it: Q4_K_M, 4bit.
	Weights string   `csv:"weights"`
	FileGiB *float64 `csv:"file_gib,omitempty"`
	// Chip has no spaces; Cores and Memory (GB) are absent where not stated.
	Chip   string   `csv:"chip"`
	Cores  *int     `csv:"cores,omitempty"`
	Memory *float64 `csv:"memory_gb,omitempty"`
	// Test is pp or tg as in llama-bench, Tokens its length, Depth what stood in
	// the cache before.
	Test   string   `csv:"test"`
	Tokens *int     `csv:"tokens,omitempty"`
	Depth  *int     `csv:"depth,omitempty"`
	Speed  float64  `csv:"tokens_per_s"`
	Stddev *float64 `csv:"stddev,omitempty"`
	Setup  words    `csv:"setup"`
}

// words is a column with several words, separated by semicolons.
type words string

func (w words) has(word string) bool {
	for s := range strings.SplitSeq(string(w), ";") {
		if s == word {
			return true
		}
	}
	return false
}

// source is where figures were published.
type source struct {
	Key     string `csv:"source"`
	Project string `csv:"project"`
	Place   string `csv:"place"`
	Date    string `csv:"date"`
}

// shape is a model as its config describes it; see the head of models.csv.
type shape struct {
	Name          string  `csv:"model"`
	Arch          string  `csv:"arch"`
	Params        float64 `csv:"params"`
	Unread        float64 `csv:"unread"`
	Hidden        float64 `csv:"hidden"`
	Vocab         float64 `csv:"vocab"`
	Tied          bool    `csv:"tied"`
	Layers        float64 `csv:"layers"`
	Full          float64 `csv:"full"`
	Heads         float64 `csv:"heads"`
	KVHeads       float64 `csv:"kv_heads"`
	HeadDim       float64 `csv:"head_dim"`
	KV            float64 `csv:"kv"`
	Windowed      float64 `csv:"windowed"`
	Window        float64 `csv:"window"`
	WHeads        float64 `csv:"w_heads"`
	WKVHeads      float64 `csv:"w_kv_heads"`
	WHeadDim      float64 `csv:"w_head_dim"`
	Recurrent     float64 `csv:"recurrent"`
	Shared        float64 `csv:"shared"`
	ExpertLayers  float64 `csv:"experts_layers"`
	Experts       float64 `csv:"experts"`
	Used          float64 `csv:"used"`
	ExpertWidth   float64 `csv:"expert_width"`
	ExpertsMatrix float64 `csv:"expert_mats"`
	// Known says how the shape is known.
	Known string `csv:"known"`
}

var (
	figures = sync.OnceValue(func() []Figure { return table.Must[Figure](figuresCSV) })
	sources = sync.OnceValue(func() map[string]source {
		out := map[string]source{}
		for _, s := range table.Must[source](sourcesCSV) {
			out[s.Key] = s
		}
		return out
	})
	shapes = sync.OnceValue(func() map[string]shape {
		out := map[string]shape{}
		for _, s := range table.Must[shape](modelsCSV) {
			out[s.Name] = s
		}
		return out
	})
)

// head, experts and body are the parameters of a token's output head, of all
// experts, and of what every token meets besides.
func (s shape) head() float64 { return s.Hidden * s.Vocab }

func (s shape) experts() float64 {
	return s.ExpertLayers * s.Experts * s.Hidden * s.ExpertWidth * s.ExpertsMatrix
}

func (s shape) body() float64 {
	tables := s.head()
	if !s.Tied {
		tables *= 2
	}
	return 1e9*(s.Params-s.Unread) - tables - s.experts()
}

// active are the parameters that a token meets.
func (s shape) active() float64 {
	a := s.body() + s.head()
	if s.Experts > 0 {
		a += s.experts() * s.Used / s.Experts
	}
	return a
}

// depth is what stands in the cache before the test; 0 where it is not stated.
func (f Figure) depth() float64 {
	if f.Depth == nil {
		return 0
	}
	return float64(*f.Depth)
}

// tokens are those of the test; 128 where generation has no length stated.
func (f Figure) tokens() float64 {
	if f.Tokens == nil {
		return 128
	}
	return float64(*f.Tokens)
}

func (f Figure) decodes() bool { return f.Test == "tg" }

// seconds are those of a token of decode, or of a whole prompt.
func (f Figure) seconds() float64 {
	if f.decodes() {
		return 1 / f.Speed
	}
	return f.tokens() / f.Speed
}

// chip is the variant that the figure was measured on: as stated, else the one
// with most cores that was sold with that memory.
func (f Figure) chip() (machines.Chip, error) {
	if f.Cores != nil {
		return machines.FindChip(f.Chip, *f.Cores)
	}
	return variant(f.Chip, f.Memory)
}
