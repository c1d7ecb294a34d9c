package results

import (
	"math"
	"runtime"

	"assay/results/form"
)

// The runtimes that settings speak of.
const (
	LlamaCpp = "llama.cpp"
	MLX      = "mlx"
)

// allLayers is more layers than a model is split into: llama-bench's default before -1
// took its place.
const allLayers = 99

// allBlocks is more blocks than a model has.
const allBlocks = 9999

// maxTokens bounds contexts and token counts, several times what any model has.
const maxTokens = 1 << 26

var (
	// llamaCppHas are the parameters of llama.cpp's contexts.
	llamaCppHas = []Known{{Runtime: LlamaCpp}}
	// mlxHas are those of mlx-lm's caches.
	mlxHas = []Known{{Runtime: MLX}}
)

// Settings are all parameters of a case but its kind, in the order in which a
// suite's product varies them, the last the fastest. Names and defaults are
// llama-bench's (tools/llama-bench/llama-bench.cpp, v0.5.0) and, for its cache,
// those of mlx_lm.generate (mlx-lm 0.31.3). LLAMA_MAX_SEQ sequences
// (src/llama-cparams.h) and GGML_MAX_N_THREADS threads (ggml/include/ggml.h) are
// the most in llama.cpp v0.5.0, which takes a context of any length and is killed
// for the memory.
var Settings = []Setting{
	{Name: "n_depth", Flag: "d", LlamaBench: [2]string{"d", "n-depth"},
		Help: "`tokens` in the cache before the clock starts", Default: 0, Most: maxTokens,
		Changes: true,
		Place:   field(func(c *Case) *int { return &c.NDepth })},
	{Name: "n_prompt", Flag: "p", LlamaBench: [2]string{"p", "n-prompt"}, MLX: "prompt-tokens",
		Help: "prompt `tokens` of prefill cases; 0: none", Otherwise: "512", Most: maxTokens,
		PerKind: map[Kind]int{KindPrefill: 512, KindKV: 64, KindPlan: 64},
		Place:   field(func(c *Case) *int { return &c.NPrompt })},
	{Name: "n_gen", Flag: "n", LlamaBench: [2]string{"n", "n-gen"}, MLX: "generation-tokens",
		Help: "`tokens` to generate in decode cases; 0: none", Otherwise: "128", Most: maxTokens,
		PerKind: map[Kind]int{KindDecode: 128, KindKV: 2, KindPlan: 2},
		Place:   field(func(c *Case) *int { return &c.NGen })},
	{Name: "n_ctx", Flag: "c", Known: []Known{{Runtime: LlamaCpp}, {Runtime: MLX, Kinds: []Kind{KindPlan}}},
		Help: "n_ctx in `tokens`", Otherwise: "what the case needs, to plan for the model's own", Default: 0, Most: maxTokens,
		Place: field(func(c *Case) *int { return &c.NCtx })},
	{Name: "n_batch", Flag: "b", LlamaBench: [2]string{"b", "batch-size"}, Known: llamaCppHas,
		Help: "n_batch in `tokens`", Default: 2048, Least: 1, Most: math.MaxInt32,
		Place: field(func(c *Case) *int { return &c.NBatch })},
	{Name: "n_ubatch", Flag: "ub", LlamaBench: [2]string{"ub", "ubatch-size"}, Known: llamaCppHas, Heading: "ubatch %v",
		Help: "n_ubatch in `tokens`", Default: 512, Least: 1, Most: math.MaxInt32,
		Place: field(func(c *Case) *int { return &c.NUbatch })},
	{Name: "n_seq", Flag: "np", MLX: "batch-size", Known: []Known{{Runtime: LlamaCpp}, {Runtime: MLX}}, Heading: "%v sequences",
		Help: "parallel `sequences`: n_seq_max, or mlx-lm's batch", Default: 1, Least: 1, Most: 256,
		Place: field(func(c *Case) *int { return &c.NSeq })},
	{Name: "type_k", Flag: "ctk", LlamaBench: [2]string{"ctk", "cache-type-k"}, Known: llamaCppHas, Types: true, Heading: "K %v",
		Help: "`type` of the K cache", Default: "f16",
		Changes: true,
		Place:   field(func(c *Case) *string { return &c.TypeK })},
	{Name: "type_v", Flag: "ctv", LlamaBench: [2]string{"ctv", "cache-type-v"}, Known: llamaCppHas, Types: true, Heading: "V %v",
		Help: "`type` of the V cache", Otherwise: "as K", Follows: "type_k",
		Changes: true,
		Place:   field(func(c *Case) *string { return &c.TypeV })},
	{Name: "flash_attn", Flag: "fa", LlamaBench: [2]string{"fa", "flash-attn"}, Known: llamaCppHas, Heading: "fa %v",
		Values: []Word{{"on", "1"}, {"off", "0"}, {"auto", "-1"}},
		Help:   "flash attention: `0, 1 or auto`", Default: "auto",
		Place: field(func(c *Case) *string { return &c.FlashAttn })},
	{Name: "swa_full", Flag: "swa-full", Known: llamaCppHas, Heading: "swa-full",
		Help: "keep the whole context for windowed layers", Default: false,
		Place: field(func(c *Case) *bool { return &c.SWAFull })},
	{Name: "kv_unified", Flag: "kvu", Known: llamaCppHas, Heading: "unified",
		Help: "one cache for all sequences", Default: false,
		Place: field(func(c *Case) *bool { return &c.KVUnified })},
	{Name: "n_gpu_layers", Flag: "ngl", LlamaBench: [2]string{"ngl", "n-gpu-layers"}, Known: llamaCppHas,
		Help: "`layers` on the GPU; -1: all", Default: allLayers, Most: math.MaxInt32,
		Words: map[string]int{"-1": allLayers, "all": allLayers, "auto": allLayers},
		Place: field(func(c *Case) *int { return &c.NGPULayers })},
	{Name: "no_kv_offload", Flag: "nkvo", LlamaBench: [2]string{"nkvo", "no-kv-offload"}, Known: llamaCppHas, Heading: "cache on the CPU",
		Help: "keep the cache off the GPU", Default: false,
		Place: field(func(c *Case) *bool { return &c.NoKVOffload })},
	{Name: "no_op_offload", Flag: "nopo", LlamaBench: [2]string{"nopo", "no-op-offload"}, Known: llamaCppHas, Heading: "no op offload",
		Help: "leave products of many rows to the CPU where their weights are", Default: false,
		Place: field(func(c *Case) *bool { return &c.NoOpOffload })},
	{Name: "tensor_buft_overrides", Flag: "ot", LlamaBench: [2]string{"ot", "override-tensor"}, Known: llamaCppHas, Heading: "%v",
		Help: "`pattern=device` of tensors by their names, several with ; between: exps=CPU", Otherwise: "as -ngl puts them", Default: "",
		Usual: []string{"none"}, Form: form.OfOverrides,
		Place: field(func(c *Case) *string { return &c.TensorOverrides })},
	{Name: "n_cpu_moe", Flag: "ncmoe", LlamaBench: [2]string{"ncmoe", "n-cpu-moe"}, Known: llamaCppHas, Heading: "experts of %v on the CPU",
		Help: "`blocks` whose experts stay with the CPU, from the first on; all: every one", Default: 0, Most: allBlocks,
		Words: map[string]int{"all": allBlocks},
		Place: field(func(c *Case) *int { return &c.NCPUMoE })},
	{Name: "no_host", Flag: "no-host", LlamaBench: [2]string{"no-host", "no-host"}, Known: llamaCppHas, Heading: "no pinned memory",
		Help: "keep what the CPU holds out of memory that a GPU reads, too", Default: false,
		Place: field(func(c *Case) *bool { return &c.NoHost })},
	{Name: "split_mode", Flag: "sm", LlamaBench: [2]string{"sm", "split-mode"}, Known: llamaCppHas, Heading: "split %v",
		Help: "how a model is split between devices: `layer, none, row or tensor`", Otherwise: "layer", Default: "",
		Usual: []string{"layer"}, Values: []Word{{"none", ""}, {"row", ""}, {"tensor", ""}},
		Place: field(func(c *Case) *string { return &c.SplitMode })},
	{Name: "main_gpu", Flag: "mg", LlamaBench: [2]string{"mg", "main-gpu"}, Known: llamaCppHas, Heading: "main GPU %v",
		Help: "`number` of the device that takes all where -sm is none", Default: 0, Most: form.MostDevices - 1,
		Place: field(func(c *Case) *int { return &c.MainGPU })},
	{Name: "tensor_split", Flag: "ts", LlamaBench: [2]string{"ts", "tensor-split"}, Known: llamaCppHas, Heading: "split %v",
		Help: "`shares` of the devices, such as 3/1", Otherwise: "by what they have free", Default: "",
		Usual: []string{"0.00", "0"}, Form: form.OfShares,
		Place: field(func(c *Case) *string { return &c.TensorSplit })},
	{Name: "devices", Flag: "dev", LlamaBench: [2]string{"dev", "device"}, Heading: "devices %v",
		Known:     []Known{{Runtime: LlamaCpp}, {Runtime: MLX, Only: []any{form.NoDevices}}},
		Help:      "`devices` to take, such as Vulkan0/Vulkan1, or none: the CPU alone, which mlx takes, too",
		Otherwise: "all that are there", Default: "",
		Usual: []string{"auto"}, Form: form.OfDevices,
		Place: field(func(c *Case) *string { return &c.Devices })},
	{Name: "load_mode", Flag: "lm", LlamaBench: [2]string{"", "load-mode"}, Known: llamaCppHas, Heading: "load %v",
		Help: "how the weights' files are read: `mmap or none`", Otherwise: "mmap", Default: "",
		Usual: []string{"mmap"}, Values: []Word{{"none", ""}},
		Place: field(func(c *Case) *string { return &c.LoadMode })},
	{Name: "n_threads", Flag: "t", LlamaBench: [2]string{"t", "threads"}, Known: llamaCppHas,
		Help: "`threads`", Otherwise: "the cores", OnlyRun: true, Default: runtime.NumCPU(), Least: 1, Most: 512,
		Place: field(func(c *Case) *int { return &c.NThreads })},
	{Name: "poll", Flag: "poll", LlamaBench: [2]string{"poll", "poll"}, Known: llamaCppHas, Heading: "poll %v",
		Help: "how long waiting threads spin before they sleep, in `percent`", OnlyRun: true, Default: usualPoll, Most: 100,
		Place: pollPlace},
	{Name: "prio", Flag: "prio", Known: llamaCppHas, Heading: "priority %v",
		Help: "`priority` of the threads: -1 low, 0 normal, 1 medium, 2 high, 3 realtime", OnlyRun: true, Default: 0, Least: -1, Most: 3,
		Place: field(func(c *Case) *int { return &c.Priority })},
	{Name: "cpu_mask", Flag: "C", LlamaBench: [2]string{"C", "cpu-mask"}, Known: llamaCppHas, Heading: "cores %v",
		Help: "`cores` that threads may run on, a bit each: 0xff", Otherwise: "all", OnlyRun: true, Default: "",
		Usual: []string{"0x0"}, Form: form.OfMask,
		Place: field(func(c *Case) *string { return &c.CPUMask })},
	{Name: "cpu_strict", Flag: "cpu-strict", LlamaBench: [2]string{"cpu-strict", "cpu-strict"}, Known: llamaCppHas, Heading: "bound to cores",
		Help: "bind each thread to one core", OnlyRun: true, Default: false,
		Place: field(func(c *Case) *bool { return &c.CPUStrict })},
	{Name: "release", Flag: "release", Known: llamaCppHas, Heading: "release %v",
		Help: "installed `releases` to take, such as b8390,v0.5.0", Otherwise: "the library that is found", OnlyRun: true, Default: "",
		Form: form.OfRelease, Changes: true,
		Place: field(func(c *Case) *string { return &c.Release })},
	{Name: "kv_bits", Flag: "kv-bits", MLX: "kv-bits", Known: mlxHas, Values: []Word{{2, ""}, {4, ""}, {8, ""}}, Heading: "%v-bit cache",
		Help: "`bits` of mlx-lm's quantised cache", Otherwise: "not quantised", Default: 0,
		Changes: true,
		Place:   field(func(c *Case) *int { return &c.KVBits })},
	{Name: "kv_group_size", Flag: "kv-group-size", MLX: "kv-group-size", Known: mlxHas, Values: []Word{{32, ""}, {64, ""}, {128, ""}},
		Heading: "groups of %v",
		Help:    "group `size` of mlx-lm's quantised cache", Default: 64,
		Changes: true,
		Place:   field(func(c *Case) *int { return &c.KVGroupSize })},
	{Name: "quantized_kv_start", Flag: "quantized-kv-start", MLX: "quantized-kv-start", Known: mlxHas, Heading: "from %v",
		Help: "`tokens` after which mlx-lm quantises its cache", Default: 0, Most: maxTokens,
		Changes: true,
		Place:   field(func(c *Case) *int { return &c.QuantizedKVStart })},
	{Name: "max_kv_size", Flag: "max-kv-size", MLX: "max-kv-size", Known: mlxHas, Heading: "cache of %v",
		Help: "`tokens` that mlx-lm's cache keeps, on models without caches of their own", Otherwise: "all", Default: 0,
		Missed:  "mlx-lm gives models of type %s caches of their own",
		Most:    maxTokens,
		Changes: true,
		Place:   field(func(c *Case) *int { return &c.MaxKVSize })},
}

// field is the place of a setting that is a field of Case. A value of another
// type than the field's leaves it as it is.
func field[T int | bool | string](at func(*Case) *T) Place {
	return Place{
		Of: func(c Case) any { return *at(&c) },
		Put: func(c *Case, v any) {
			if v, ok := v.(T); ok {
				*at(c) = v
			}
		},
		Same: func(a, b *Case) bool { return *at(a) == *at(b) },
	}
}

// pollPlace has it in percent.
var pollPlace = Place{
	Of: func(c Case) any { return c.Poll.Percent() },
	Put: func(c *Case, v any) {
		if percent, ok := v.(int); ok {
			c.Poll = pollOf(percent)
		}
	},
	Same: func(a, b *Case) bool { return a.Poll == b.Poll },
}
