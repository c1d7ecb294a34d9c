// Package suite has lists of cases: how they are written, what in them cannot be, and
// which items they expand into. It does not know how one is run.
package suite

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/results"
)

//go:embed canary.yaml
var canaryYAML []byte

// Canary is the canary that is used where none is named.
func Canary() (Suite, error) { return Parse("the canary", canaryYAML) }

// Suite is a list of cases and how long to measure each.
type Suite struct {
	Name string `yaml:"name"`
	// Rounds is how often each timed case runs in a fresh process, Samples how
	// many repetitions it makes there. Cases that are not timed run once.
	Rounds  int `yaml:"rounds"`
	Samples int `yaml:"samples"`
	// Precision is the half-width of the median's confidence interval that is
	// asked for, as a share of the median; rounds are added until it is reached,
	// MaxRounds were run or Budget is spent. 0 asks for nothing.
	Precision float64  `yaml:"precision"`
	MaxRounds int      `yaml:"max_rounds"`
	Budget    Duration `yaml:"budget"`
	// Timeout is how long one worker may go without a sign of life.
	Timeout Duration `yaml:"timeout"`
	// MinEffect is the smallest change that diff calls one, as a share.
	MinEffect float64     `yaml:"min_effect"`
	Groups    []CaseGroup `yaml:"cases"`
}

// CaseGroup is the product of its lists. An empty list takes the default of
// llama-bench, but for SWAFull and KVUnified, which are false.
type CaseGroup struct {
	Models   []string `yaml:"models"`
	Runtimes []string `yaml:"runtimes"`
	// Skeleton "kv" or "full" puts random weights in the model's place; empty
	// runs the model itself where its files are here.
	Skeleton    string         `yaml:"skeleton"`
	WeightTypes []string       `yaml:"weight_types"`
	Kinds       []results.Kind `yaml:"kinds"`

	NCtx    []int `yaml:"n_ctx"` // 0: n_prompt + n_gen + n_depth, as in llama-bench
	NPrompt []int `yaml:"n_prompt"`
	NGen    []int `yaml:"n_gen"`
	// PG pairs are a prompt and generated tokens timed together.
	PG      [][2]int `yaml:"pg"`
	NDepth  []int    `yaml:"n_depth"`
	NBatch  []int    `yaml:"n_batch"`
	NUbatch []int    `yaml:"n_ubatch"`
	NSeq    []int    `yaml:"n_seq"`
	// TypeV is paired with TypeK where it is empty, crossed with it otherwise.
	TypeK     []string `yaml:"type_k"`
	TypeV     []string `yaml:"type_v"`
	FlashAttn []string `yaml:"flash_attn"`
	// SWAFull true is left out for models without a window: nothing differs.
	SWAFull    []bool `yaml:"swa_full"`
	KVUnified  []bool `yaml:"kv_unified"`
	NGPULayers []int  `yaml:"n_gpu_layers"`
	NThreads   []int  `yaml:"n_threads"`

	KVBits           []int `yaml:"kv_bits"`
	KVGroupSize      []int `yaml:"kv_group_size"`
	QuantizedKVStart []int `yaml:"quantized_kv_start"`
	MaxKVSize        []int `yaml:"max_kv_size"`
}

// Duration is a time.Duration that is written 90s, 10m or 2h30m.
type Duration time.Duration

// UnmarshalYAML reads a duration as time.ParseDuration does.
func (d *Duration) UnmarshalYAML(text []byte) error {
	word := strings.Trim(strings.TrimSpace(string(text)), `"'`)
	parsed, err := time.ParseDuration(word)
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is no duration; write 90s, 10m or 2h30m", word)
	}
	*d = Duration(parsed)
	return nil
}

//go:embed builtin.yaml
var builtin []byte

// Builtin is the suite that runs when none is named.
func Builtin() (Suite, error) { return Parse("the built-in suite", builtin) }

// Read reads a suite file. Its errors name the file and the line.
func Read(path string) (Suite, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Suite{}, failure.Input(fmt.Errorf("suite: %w", err))
	}
	return Parse(path, text)
}

// Parse reads a suite from its text; name is how errors call it.
func Parse(name string, text []byte) (Suite, error) {
	var s Suite
	if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
		return Suite{}, failure.Input(fmt.Errorf("suite %s: %s", name, oneLine(err)))
	}
	s = s.WithDefaults()
	if err := s.validate(); err != nil {
		return Suite{}, failure.Input(fmt.Errorf("suite %s: %s%w", name, place(text, err), err))
	}
	for i, g := range s.Groups {
		if m := g.checkSettings(g.Runtimes); m != nil {
			m.group = i
			return Suite{}, failure.Input(fmt.Errorf("suite %s: %s%w", name, place(text, m), m))
		}
	}
	return s, nil
}

// place is where in the file a [misfit] stands, as the parser writes it,
// "[3:13] ", or nothing where the error is about the whole suite.
func place(text []byte, err error) string {
	var m *misfit
	if !errors.As(err, &m) {
		return ""
	}
	node, err := m.find(text)
	if err != nil {
		return fmt.Sprintf("cases[%d]: ", m.group) // behind an alias, for instance
	}
	at := node.GetToken().Position
	return fmt.Sprintf("[%d:%d] ", at.Line, at.Column)
}

// find looks the misfit up in the text of its suite.
func (m *misfit) find(text []byte) (ast.Node, error) {
	path, err := yaml.PathString(strings.TrimSuffix(fmt.Sprintf("$.cases[%d].%s", m.group, m.path), "."))
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, err
	}
	return path.FilterFile(file)
}

// oneLine says where in the file and what is wrong, without the lines around
// it: what is taken for a suite may be any file.
func oneLine(err error) string {
	line, _, _ := strings.Cut(yaml.FormatError(err, false, false), "\n")
	var unknown *yaml.UnknownFieldError
	switch {
	case !errors.As(err, &unknown):
		return line
	case unknown.Token.Position.Column == 1:
		return line + "; a suite's keys are " + keysOf(Suite{})
	}
	return line + "; a case's keys are " + keysOf(CaseGroup{})
}

// keysOf lists the keys that a suite file may have for the struct.
func keysOf(v any) string {
	var keys []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
		if key := f.Tag.Get("yaml"); key != "" {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, ", ")
}

// WithDefaults fills in what the suite leaves open: ten samples from two rounds, the smallest number with
// which a family of a hundred comparisons can still find something.
func (s Suite) WithDefaults() Suite {
	setDefault(&s.Rounds, 2)
	setDefault(&s.Samples, 5)
	setDefault(&s.MaxRounds, max(s.Rounds, 6))
	setDefault(&s.Timeout, Duration(10*time.Minute))
	setDefault(&s.MinEffect, 0.03)
	return s
}

func setDefault[T comparable](field *T, value T) {
	var unset T
	if *field == unset {
		*field = value
	}
}

func (s Suite) validate() error {
	switch {
	case len(s.Groups) == 0:
		return fmt.Errorf("no cases: add a list 'cases' with at least 'models' and 'kinds'")
	case s.Rounds < 1 || s.Samples < 1 || s.MaxRounds < s.Rounds:
		return fmt.Errorf("rounds %d, samples %d, max_rounds %d: each must be at least 1 and max_rounds at least rounds", s.Rounds, s.Samples, s.MaxRounds)
	case s.Precision < 0 || s.MinEffect < 0:
		return fmt.Errorf("precision and min_effect are shares and cannot be negative")
	}
	for i, g := range s.Groups {
		if m := g.validate(); m != nil {
			m.group = i
			return m
		}
	}
	return nil
}

func (g CaseGroup) validate() *misfit {
	if len(g.Models) == 0 || len(g.kinds()) == 0 {
		return &misfit{err: fmt.Errorf("'models' and 'kinds' are needed")}
	}
	for i, k := range g.Kinds {
		if k != results.KindKV && k != results.KindPrefill && k != results.KindDecode && k != results.KindPlan {
			return badValue("kinds", i, fmt.Errorf("kind %q: one of kv, prefill, decode, plan", k))
		}
	}
	if slices.Contains(g.Kinds, results.KindKV) && onlyZeros(g.NPrompt) && onlyZeros(g.NGen) {
		return &misfit{err: fmt.Errorf("a kv case has to run: n_prompt and n_gen are 0")}
	}
	if g.Skeleton != "" && g.Skeleton != runtime.SkeletonKV && g.Skeleton != runtime.SkeletonFull {
		return &misfit{path: "skeleton", err: fmt.Errorf("skeleton %q: kv, full or nothing", g.Skeleton)}
	}
	for i, f := range g.FlashAttn {
		if f != "on" && f != "off" && f != "auto" {
			return badValue("flash_attn", i, fmt.Errorf("flash_attn %q: on, off or auto", f))
		}
	}
	if m := g.validateCache(); m != nil {
		return m
	}
	return g.checkBounds()
}

// validateCache bounds mlx-lm's quantisation of the cache to what mx.quantize
// has for it; 0 is none, and the default group.
func (g CaseGroup) validateCache() *misfit {
	for i, n := range g.KVBits {
		if !slices.Contains([]int{0, 2, 4, 8}, n) {
			return badValue("kv_bits", i, fmt.Errorf("kv_bits %d: 2, 4 or 8", n))
		}
	}
	for i, n := range g.KVGroupSize {
		if !slices.Contains([]int{0, 32, 64, 128}, n) {
			return badValue("kv_group_size", i, fmt.Errorf("kv_group_size %d: 32, 64 or 128", n))
		}
	}
	return nil
}

// defaults of llama-bench (tools/llama-bench/llama-bench.cpp, v0.5.0) where a
// group names nothing; n_prompt and n_gen depend on the kind, see expand.go.
func (g CaseGroup) withDefaults(threads int) CaseGroup {
	orList(&g.NCtx, 0)
	orList(&g.NDepth, 0)
	orList(&g.NBatch, 2048)
	orList(&g.NUbatch, 512)
	orList(&g.NSeq, 1)
	orList(&g.TypeK, "f16")
	orList(&g.FlashAttn, "auto")
	orList(&g.SWAFull, false)
	orList(&g.KVUnified, false)
	orList(&g.NGPULayers, 99)
	orList(&g.NThreads, threads)
	orList(&g.KVBits, 0)
	orList(&g.KVGroupSize, 0)
	orList(&g.QuantizedKVStart, 0)
	orList(&g.MaxKVSize, 0)
	orList(&g.WeightTypes, "")
	return g
}

func orList[T any](list *[]T, value T) {
	if len(*list) == 0 {
		*list = []T{value}
	}
}
