package results

import "fmt"

// Kind is what a case does.
type Kind string

// The kinds of case.
const (
	KindKV      Kind = "kv"
	KindPlan    Kind = "plan"
	KindPrefill Kind = "prefill"
	KindDecode  Kind = "decode"
)

// Case is one set of parameters, in llama.cpp's names; with runtime and model
// it is the key under which two runs are compared.
type Case struct {
	Kind       Kind   `json:"kind"`
	NCtx       int    `json:"n_ctx"`
	NPrompt    int    `json:"n_prompt"`
	NGen       int    `json:"n_gen"`
	NDepth     int    `json:"n_depth"`
	NBatch     int    `json:"n_batch"`
	NUbatch    int    `json:"n_ubatch"`
	NSeq       int    `json:"n_seq"`
	TypeK      string `json:"type_k"`
	TypeV      string `json:"type_v"`
	FlashAttn  string `json:"flash_attn"` // "on", "off" or "auto"
	SWAFull    bool   `json:"swa_full"`
	KVUnified  bool   `json:"kv_unified"`
	NGPULayers int    `json:"n_gpu_layers"`
	// NoKVOffload keeps the cache of layers on the GPU in the host's memory,
	// NoOpOffload leaves products there whose weights lie there.
	NoKVOffload bool `json:"no_kv_offload,omitempty"`
	NoOpOffload bool `json:"no_op_offload,omitempty"`
	// TensorOverrides say where tensors lie whose names match: "exps=CPU;blk\\.0=CPU",
	// the first that matches. NCPUMoE is the number of blocks, from the first on,
	// whose experts lie with the host. NoHost leaves out pinned memory of the host.
	TensorOverrides string `json:"tensor_buft_overrides,omitempty"`
	NCPUMoE         int    `json:"n_cpu_moe,omitempty"`
	NoHost          bool   `json:"no_host,omitempty"`
	// SplitMode says how a model is split between devices, "" by layers; MainGPU is
	// the one that has all of it where it is not. TensorSplit is the share of each
	// ("3/1"), "" by what they have free, and Devices are those that are taken
	// ("Vulkan0/Vulkan1", "none"), "" all.
	SplitMode   string `json:"split_mode,omitempty"`
	MainGPU     int    `json:"main_gpu,omitempty"`
	TensorSplit string `json:"tensor_split,omitempty"`
	Devices     string `json:"devices,omitempty"`
	// LoadMode is how the weights' files are read, "" mapped.
	LoadMode string `json:"load_mode,omitempty"`
	NThreads int    `json:"n_threads"`
	// Poll is how long waiting threads spin, Priority what the system's scheduler is
	// told of them (ggml's -1 low to 3 realtime), CPUMask the cores that they may run
	// on, as a hexadecimal number, "" all, and CPUStrict binds each to one of them.
	Poll      Poll   `json:"poll,omitzero"`
	Priority  int    `json:"prio,omitempty"`
	CPUMask   string `json:"cpu_mask,omitempty"`
	CPUStrict bool   `json:"cpu_strict,omitempty"`
	// Release is that of the library, where several were asked for by name; else the
	// runtime's version alone says it.
	Release string `json:"release,omitempty"`
	// KVBits, KVGroupSize and QuantizedKVStart are mlx-lm's cache settings;
	// KVBits 0 is a cache that is not quantised.
	KVBits           int `json:"kv_bits"`
	KVGroupSize      int `json:"kv_group_size"`
	QuantizedKVStart int `json:"quantized_kv_start"`
	// MaxKVSize bounds mlx-lm's cache to the first 4 and the last tokens, as
	// mlx_lm.generate's --max-kv-size; 0 is no bound.
	MaxKVSize int `json:"max_kv_size"`
	// Other holds parameters of another tool's that this record has no name
	// for, as name=value words; only imported records have it.
	Other string `json:"other,omitempty"`
}

// Test returns what the case does in llama-bench's words: "pp512",
// "tg128 @ d4096", or "kv 32768" and "plan 32768" for a context size.
func (c Case) Test() string {
	var s string
	switch c.Kind {
	case KindPrefill:
		s = fmt.Sprintf("pp%d", c.NPrompt)
	case KindDecode:
		s = fmt.Sprintf("tg%d", c.NGen)
		if c.NPrompt > 0 {
			s = fmt.Sprintf("pp%d+%s", c.NPrompt, s)
		}
	default:
		return fmt.Sprintf("%s %d", c.Kind, c.NCtx)
	}
	if c.NDepth > 0 {
		s += fmt.Sprintf(" @ d%d", c.NDepth)
	}
	return s
}

// Tokens returns how many tokens one sample of a timed case processes, in all
// its sequences together, and 0 for a case that is not timed.
func (c Case) Tokens() int {
	switch c.Kind {
	case KindPrefill, KindDecode:
		return max(c.NSeq, 1) * (c.NPrompt + c.NGen)
	}
	return 0
}
