package harness_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/record"
	"assay/harness/runtime"
	"assay/harness/subject"
	"assay/harness/worker"
	"assay/harness/worker/workertest"
	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/source"
	"assay/results"
)

// drawSeed is the first of the seeds; the next draw's is one more. ASSAY_SEED=N
// repeats one draw alone.
const drawSeed = 20261201

// drawnShape is a small model of random sizes.
type drawnShape struct {
	name  string
	facts arch.Facts
	// sections: written as an M-RoPE model of that architecture instead.
	sections string
}

// drawPresets are the families that shapes are drawn of: plain caches, windows,
// latent, recurrent and hybrid ones.
var drawPresets = []string{
	"llama-3.1-8b", "mixtral-8x7b", "qwen2.5-0.5b", "qwen3-8b", "qwen3-30b-a3b", "gemma-2b", "gemma-2-9b", "gemma-3-12b",
	"gpt-oss-20b", "command-r7b", "llama-4-scout", "deepseek-v2-lite", "olmo-2-7b", "smollm3-3b", "phi-3-mini-4k",
	"granite-4.0-h-tiny", "lfm2-1.2b", "nemotron-h-8b", "qwen3-next-80b-a3b",
}

// one of a list.
func one[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// drawShape makes a preset small: some first layers, heads, widths and windows of
// its own.
func drawShape(t *testing.T, r *rand.Rand) drawnShape {
	t.Helper()
	name := one(r, drawPresets...)
	f, err := source.Load(t.Context(), "preset:"+name, source.Options{})
	require.NoError(t, err)
	f.Layers = slices.Clone(f.Layers[:min(len(f.Layers), ofEveryKind(f)+r.IntN(5))])
	heads, width, window := int64(1+r.IntN(3)), one[int64](r, 32, 64, 128), one[int64](r, 8, 17, 64, 100, 200, 256, 300, 513)
	for i, l := range f.Layers {
		if l.Recurrent != nil && l.Recurrent.Kind == "mamba2" { // of which the heads cost, and not what is asked here
			few := *l.Recurrent
			few.Inner, few.Heads, few.TimeStepRank = few.Inner/16, few.Heads/16, few.TimeStepRank/16
			f.Layers[i].Recurrent = &few
		}
		if l.Attention == nil || l.Attention.MLA != nil || name == "lfm2-1.2b" { // which has one width for all
			continue
		}
		a := *l.Attention
		a.Heads, a.KVHeads = heads, heads
		if name != "phi-3-mini-4k" { // whose rotary width hangs on the head's
			a.KeyDim, a.ValueDim = width, width
		}
		if a.Window > 0 && !a.Chunked {
			a.Window = window
		}
		f.Layers[i].Attention = &a
	}
	s := drawnShape{name: fmt.Sprintf("%s of %d layers, %d heads of %d, window %d", name, len(f.Layers), heads, width, window),
		facts: family.KVFaithful(f)}
	if f.Family == "qwen2" && r.IntN(2) == 0 {
		s.name, s.sections = s.name+" with M-RoPE", "qwen2vl"
	}
	return s
}

// ofEveryKind is how many first layers have one of each kind that the model has: the
// library aborts over a cache without tensors.
func ofEveryKind(f arch.Facts) int {
	kinds := map[[2]bool]bool{}
	for _, l := range f.Layers {
		kinds[kindOf(l)] = true
	}
	for i, l := range f.Layers {
		if delete(kinds, kindOf(l)); len(kinds) == 0 {
			return max(2, i+1)
		}
	}
	return len(f.Layers)
}

// kindOf tells caches apart: attention or none, windowed or not.
func kindOf(l arch.Layer) [2]bool {
	return [2]bool{l.Attention != nil, l.Attention != nil && l.Attention.Window > 0}
}

// write makes the file, with zeros as weights.
func (s drawnShape) write(t *testing.T, path string) {
	t.Helper()
	tensors, err := family.Tensors(s.facts, family.TypePlan{Matrices: familyWeights})
	require.NoError(t, err, s.name)
	metadata, err := family.Metadata(s.facts)
	require.NoError(t, err, s.name)
	var w gguf.Writer
	for _, m := range metadata {
		if s.sections != "" {
			if m.Key == "general.architecture" {
				m.Value = s.sections
			}
			m.Key = strings.Replace(m.Key, s.facts.Family+".", s.sections+".", 1)
		}
		w.Set(m.Key, m.Value)
	}
	if s.sections != "" {
		half := int32(s.facts.FirstAttention().KeyDim / 2)
		w.Set(s.sections+".rope.dimension_sections", []int32{half / 2, half / 4, half / 4, 0})
	}
	for _, one := range tensors {
		typ, err := gguf.ParseType(one.Type)
		require.NoError(t, err)
		w.AddTensor(one.Name, typ, one.Shape...)
	}
	require.NoError(t, w.Create(path, nil))
}

// drawCase takes settings at and around the boundaries of that shape: the cells'
// padding, the window, the micro-batch, and where they end together.
func drawCase(r *rand.Rand, f arch.Facts) results.Case {
	c := results.Case{Kind: one(r, results.KindKV, results.KindPrefill, results.KindDecode), NSeq: one(r, 1, 1, 2, 3),
		KVUnified: r.IntN(2) == 0, SWAFull: r.IntN(4) == 0, NUbatch: one(r, 32, 64, 100, 128, 512), NBatch: one(r, 64, 512, 2048),
		FlashAttn: one(r, "auto", "on", "off"), NGPULayers: 99, NThreads: 1, TypeK: "f16", TypeV: "f16"}
	if r.IntN(2) == 0 {
		c.TypeK, c.TypeV = one(r, "f32", "bf16", "q8_0", "q5_1", "q4_0"), one(r, "f16", "f32", "bf16")
		if c.FlashAttn != "off" {
			c.TypeV = one(r, c.TypeV, "q8_0", "q4_0")
		}
	}
	if a := f.FirstAttention(); a != nil && a.MLA != nil {
		c.TypeV = c.TypeK // the library has no two types for one latent row
		if c.FlashAttn == "off" && !slices.Contains([]string{"f32", "bf16"}, c.TypeK) {
			c.TypeK, c.TypeV = "f16", "f16"
		}
	}
	edges := []int{0, 256, 512, 768, c.NUbatch, 2 * c.NUbatch}
	for _, l := range f.Layers {
		if a := l.Attention; a != nil && a.Window > 0 && a.Window < 1024 {
			edges = append(edges, int(a.Window), int(a.Window)+c.NUbatch, int(a.Window)*c.NSeq)
			break
		}
	}
	c.NDepth = max(0, one(r, edges...)+r.IntN(7)-3)
	c.NPrompt, c.NGen = one(r, 1, 7, 16, 33, c.NUbatch-1, c.NUbatch+1), 1+r.IntN(4)
	switch c.Kind {
	case results.KindPrefill:
		c.NGen = 0
	case results.KindDecode:
		c.NPrompt = 0
	}
	c.NCtx = c.NSeq * (c.NDepth + c.NPrompt + c.NGen)
	if r.IntN(2) == 0 {
		c.NCtx += one(r, 1, 255, 256, 1000)
	}
	return c
}

// draw is one case of one shape, as a worker gets it.
type draw struct {
	Seed  uint64       `json:"seed"`
	Shape string       `json:"shape"`
	Path  string       `json:"path"`
	Case  results.Case `json:"case"`
}

func (d draw) String() string {
	text, _ := json.Marshal(d.Case)
	return fmt.Sprintf("ASSAY_SEED=%d: %s: %s", d.Seed, d.Shape, text)
}

// drawn is what came of it.
type drawn struct {
	Outcome worker.Outcome `json:"outcome"`
	Error   string         `json:"error"`
}

// observeDraws is the side of the process that runs draws, one a line: many in one
// process, as loading the library takes longer than most of them.
func observeDraws(in io.Reader, out io.Writer) error {
	goruntime.LockOSThread()
	engine, err := llamacpp.Runtime{}.Open()
	if err != nil {
		return err
	}
	lines, enc := bufio.NewScanner(in), json.NewEncoder(out)
	for lines.Scan() {
		var d draw
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			return err
		}
		var got drawn
		got.Outcome.Runtime = engine.Describe()
		if got.Outcome.Measured, got.Outcome.Checks, err = observeDraw(engine, d); err != nil {
			got.Error = err.Error()
		}
		if err := enc.Encode(got); err != nil {
			return err
		}
	}
	return lines.Err()
}

func observeDraw(engine runtime.Engine, d draw) (*results.Measured, []results.Check, error) {
	session, err := engine.Load(context.Background(), d.Path, d.Case)
	if err != nil {
		return nil, nil, err
	}
	m, checks, err := session.Observe(context.Background(), d.Case)
	return m, checks, errors.Join(err, session.Close())
}

// drawer is a process that runs draws.
type drawer struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	stderr bytes.Buffer
}

func startDrawer(t *testing.T) *drawer {
	t.Helper()
	d := &drawer{cmd: exec.Command(os.Args[0], "draws")}
	d.cmd.Env = append(os.Environ(), "GGML_NO_BACKTRACE=1", "GOTRACEBACK=none")
	d.cmd.Stderr = &d.stderr
	var err error
	d.in, err = d.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := d.cmd.StdoutPipe()
	require.NoError(t, err)
	d.out = bufio.NewScanner(out)
	d.out.Buffer(nil, 64<<20)
	require.NoError(t, d.cmd.Start())
	return d
}

// longestDraw bounds one: a library whose memory a model spoilt may wait for itself.
const longestDraw = 2 * time.Minute

// run hands one draw over; the error says how the process ended.
func (p *drawer) run(d draw) (got drawn, err error) {
	defer time.AfterFunc(longestDraw, func() { _ = p.cmd.Process.Kill() }).Stop()
	if err := json.NewEncoder(p.in).Encode(d); err != nil {
		return got, err
	}
	if p.out.Scan() {
		return got, json.Unmarshal(p.out.Bytes(), &got)
	}
	err = errors.Join(p.in.Close(), p.cmd.Wait())
	return got, fmt.Errorf("%w: %s", err, strings.Join(whyDied.FindAllString(p.stderr.String(), 2), "; "))
}

// whyDied finds the library's last words among what a process wrote as it died.
var whyDied = regexp.MustCompile(`(?m)^.*(?:GGML_ASSERT|GGML_ABORT|fatal error|what\(\)|SIG[A-Z]+: ).*$`)

// TestRandomDraws holds random settings of random shapes against the library: what
// is predicted is exact, at every boundary, and nothing that is measured lacks a
// prediction.
func TestRandomDraws(t *testing.T) {
	workertest.NeedLlama(t)
	shapes, cases := 40, 5
	if os.Getenv("ASSAY_ALL") != "" {
		shapes = 400
	}
	first := uint64(drawSeed)
	if text := os.Getenv("ASSAY_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
		first, shapes = seed, 1
	}
	t.Logf("%d shapes from seed %d on, %d cases each", shapes, first, cases)
	seeds := make(chan uint64)
	var group sync.WaitGroup
	for range goruntime.GOMAXPROCS(0) {
		group.Go(func() { runDraws(t, seeds, cases) })
	}
	for i := range shapes {
		seeds <- first + uint64(i)
	}
	close(seeds)
	group.Wait()
}

// runDraws takes shapes until there are no more, in one process unless it dies.
func runDraws(t *testing.T, seeds <-chan uint64, cases int) {
	dir := t.TempDir()
	p := startDrawer(t)
	defer func() { assert.NoError(t, errors.Join(p.in.Close(), p.cmd.Wait())) }()
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 0))
		shape := drawShape(t, r)
		path := filepath.Join(dir, strconv.FormatUint(seed, 10)+".gguf")
		shape.write(t, path)
		s, err := subject.Of(t.Context(), subject.Ask{Ref: path, Runtime: llamacpp.Name})
		if !assert.NoError(t, err, "ASSAY_SEED=%d: %s", seed, shape.name) {
			continue
		}
		for range cases {
			c, err := s.Settle(drawCase(r, s.Facts))
			d := draw{seed, shape.name, path, c}
			if !assert.NoError(t, err, d) {
				continue
			}
			got, err := p.run(d)
			if !assert.NoError(t, err, d) {
				p = startDrawer(t)
				continue
			}
			assert.Empty(t, complaints(s.Item(c), got), d)
			planted := c
			planted.NCtx += 4096
			assert.NotEmpty(t, complaints(s.Item(planted), got), "%s: not seen that the context was another", d)
		}
		t.Logf("ASSAY_SEED=%d: %s", seed, shape.name)
		assert.NoError(t, os.Remove(path))
	}
}

// complaints are what does not hold of a draw: that it failed, was not predicted, or
// refutes what was.
func complaints(it subject.Item, got drawn) (all []string) {
	if got.Error != "" {
		return []string{got.Error}
	}
	rec := results.Record{Runtime: got.Outcome.Runtime, Case: it.Case, Measured: got.Outcome.Measured, Checks: got.Outcome.Checks}
	record.Predict(&rec, it)
	if rec.Residual == nil {
		return []string{"not predicted: " + rec.NotPredicted}
	}
	for _, check := range rec.Checks {
		if !check.OK {
			all = append(all, check.Name+": "+check.Detail)
		}
	}
	return all
}
