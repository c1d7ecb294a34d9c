package llama

import (
	"fmt"
	"slices"
	"time"

	"assay/native/llama/printed"
)

// ContextParams are the settings of a context. Zero numbers keep the library's
// defaults (n_ctx 512, n_batch 2048, n_ubatch 512, one sequence, 4 threads);
// the booleans are passed on as they are.
type ContextParams struct {
	NCtx, NBatch, NUbatch, NSeqMax int
	// NThreads serves single tokens and batches alike.
	NThreads int
	// Threads are threads that stay as long as the context; nil leaves them to ggml,
	// which without OpenMP makes and ends them for every graph.
	Threads *Threads
	// TypeK and TypeV are ggml's type names; "" is f16.
	TypeK, TypeV string
	FlashAttn    Switch
	// SWAFull keeps windowed layers at full length. The C default is true,
	// llama.cpp's own programs use false.
	SWAFull   bool
	KVUnified bool
	// NoOffloadKQV keeps the cache off the GPU.
	NoOffloadKQV bool
	// NoOpOffload leaves products of many rows on the processor whose weights lie
	// in its memory.
	NoOpOffload bool
	// Eval sees every node before it is computed; nil for timed passes.
	Eval func(Node)
	// Chosen sees the nodes that take some experts of many, MUL_MAT_ID and
	// ADD_ID, after they were computed: only then is it known which. With it a
	// graph with experts is computed piece by piece. Nil where Eval is.
	Chosen func(Node)
}

// Context is a model's working memory.
type Context struct {
	lib      *Library
	model    *Model
	handle   uintptr
	memory   uintptr
	observer uintptr
	pool     uintptr // of threads
	// observed: the observer has seen a node.
	observed bool
	report   printed.Report
	nBatch   int
	batch    *batch
	args     arguments
}

// cacheTypes are the types that a cache can have (enum ggml_type of ggml.h,
// numbers that GGUF files fix; llama.cpp's kv_cache_types in common/arg.cpp).
var cacheTypes = map[string]uint64{
	"f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7,
	"q8_0": 8, "iq4_nl": 20, "bf16": 30,
}

// CacheTypes lists the names that TypeK and TypeV can have.
func CacheTypes() []string {
	var names []string
	for name := range cacheTypes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// flashModes are enum llama_flash_attn_type of llama.h.
var flashModes = map[Switch]uint64{Auto: minus1, Off: 0, On: 1}

// NewContext makes a context. The error is a *CallError when the library
// refuses, with its reasons, and an *UnsupportedError when this release has no
// such setting.
func (m *Model) NewContext(p ContextParams) (*Context, error) {
	c := &Context{lib: m.lib, model: m}
	if p.Eval != nil {
		c.observer = registerObserver(observer{m.lib, func(n Node) { c.observed = true; p.Eval(n) }, p.Chosen})
	}
	params, err := m.lib.contextParams(p, c.observer)
	if err != nil {
		forgetObserver(c.observer)
		return nil, fmt.Errorf("making a context: %w", err)
	}
	mark := m.lib.log.Mark()
	c.handle = c.args.callWithStruct(m.lib.fn.contextNew, m.handle, params[:])
	lines := m.lib.log.Since(mark)
	if c.handle == 0 {
		forgetObserver(c.observer)
		return nil, &CallError{Call: "making a context", Lines: printed.Last(lines, 5)}
	}
	c.report = printed.ParseReport(lines)
	c.memory = call(m.lib.fn.memory, c.handle)
	c.nBatch = c.number(m.lib.fn.nBatch)
	c.batch = newBatch(c.nBatch)
	err = c.honoured(p, params)
	if err == nil && p.Threads != nil {
		err = c.attach(*p.Threads, c.number(m.lib.fn.nThreads))
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// contextParams fills in the struct; observer is 0 where nothing is observed.
func (l *Library) contextParams(p ContextParams, observer uintptr) (*block, error) {
	params := l.contextSettings()
	for _, setting := range []struct {
		name  string
		value int
	}{
		{"n_ctx", p.NCtx}, {"n_batch", p.NBatch}, {"n_ubatch", p.NUbatch}, {"n_seq_max", p.NSeqMax},
		{"n_threads", p.NThreads}, {"n_threads_batch", p.NThreads},
	} {
		if setting.value < 0 {
			return nil, fmt.Errorf("%s is %d, below 0", setting.name, setting.value)
		}
		if setting.value > 0 {
			params.set(setting.name, uint64(setting.value))
		}
	}
	if err := params.setCacheTypes(p); err != nil {
		return nil, err
	}
	if err := p.FlashAttn.check("flash_attn"); err != nil {
		return nil, err
	}
	if mode, ok := flashModes[p.FlashAttn]; ok {
		params.set("flash_attn_type", mode)
	}
	params.set("swa_full", bit(p.SWAFull))
	params.set("kv_unified", bit(p.KVUnified))
	params.set("offload_kqv", bit(!p.NoOffloadKQV))
	params.set("op_offload", bit(!p.NoOpOffload))
	if observer != 0 {
		params.set("cb_eval", uint64(evalCallback()))
		params.set("cb_eval_user_data", uint64(observer))
	}
	return params.filled()
}

func (s *settings) setCacheTypes(p ContextParams) error {
	for _, setting := range []struct{ name, typ string }{{"type_k", p.TypeK}, {"type_v", p.TypeV}} {
		number, known := cacheTypes[setting.typ]
		switch {
		case known:
			s.set(setting.name, number)
		case setting.typ != "":
			return fmt.Errorf("%s %q is no cache type; known are %v", setting.name, setting.typ, CacheTypes())
		}
	}
	return nil
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Close frees the context, of which nothing may be asked afterwards.
func (c *Context) Close() {
	if c.handle != 0 {
		call(c.lib.fn.contextFree, c.handle)
		if c.pool != 0 {
			call(c.lib.pools.free, c.pool)
			c.pool = 0
		}
		forgetObserver(c.observer)
		c.handle = 0
	}
}

// Report is what the library printed when the context was made: caches and
// buffers, rounded to 0.01 MiB.
func (c *Context) Report() printed.Report { return c.report }

// NCtx, NBatch, NUbatch and NSeqMax are what the library made of the request.
func (c *Context) NCtx() int    { return c.number(c.lib.fn.nCtx) }
func (c *Context) NBatch() int  { return c.nBatch }
func (c *Context) NUbatch() int { return c.number(c.lib.fn.nUbatch) }
func (c *Context) NSeqMax() int { return c.number(c.lib.fn.nSeqMax) }

func (c *Context) number(fn uintptr) int { return int(uint32(call(fn, c.handle))) }

// Synchronize waits until everything that was submitted is done. It allocates
// nothing.
func (c *Context) Synchronize() {
	c.args[0] = c.handle
	c.args.call(c.lib.fn.synchronize, 1)
}

// ClearMemory forgets all sequences and keeps the cache's contents, as
// llama-bench does between repetitions. It allocates nothing.
func (c *Context) ClearMemory() {
	c.args[0], c.args[1] = c.memory, 0
	c.args.call(c.lib.fn.memoryClear, 2)
}

// Unfinished waits for the device and answers how long that took: next to nothing
// where everything that was submitted was done.
func (c *Context) Unfinished() time.Duration {
	start := time.Now()
	c.Synchronize()
	return time.Since(start)
}

// Log is what the context's library printed.
func (c *Context) Log() *printed.Log { return c.lib.log }
