// Package results holds what a run produced: the record, the store, diff,
// trend, alerts, reports and exports. It knows nothing of how a figure was
// predicted or measured and imports no other package of this module.
package results

import "time"

// Schema is the version of the record format written by this program.
// A reader refuses a record of a higher one.
const Schema = 1

// Status says how a case ended.
type Status string

// The three ways a case can end.
const (
	StatusOK      Status = "ok"
	StatusFailed  Status = "failed"
	StatusSkipped Status = "skipped"
)

// Record is the result of one case: what was predicted, what was measured and
// where they part. A run is a JSON Lines stream of records. Sizes are bytes and
// times nanoseconds; a figure that is not known is absent, never 0.
type Record struct {
	Schema int       `json:"schema"`
	RunID  string    `json:"run_id"`
	Time   time.Time `json:"time"`
	Status Status    `json:"status"`
	// Error is one sentence; set unless Status is ok.
	Error string `json:"error,omitempty"`
	// Log holds the last lines that the library printed, for a failed case.
	Log []string `json:"log,omitempty"`

	Host      Host       `json:"host"`
	Runtime   Runtime    `json:"runtime"`
	Model     Model      `json:"model"`
	Case      Case       `json:"case"`
	Predicted *Predicted `json:"predicted,omitempty"`
	// NotPredicted says in one sentence why a case that was measured has no
	// prediction; that refutes nothing.
	NotPredicted string    `json:"not_predicted,omitempty"`
	Measured     *Measured `json:"measured,omitempty"`
	Residual     *Residual `json:"residual,omitempty"`
	// Checks are the comparisons of this case that must hold, each with its outcome.
	Checks []Check `json:"checks,omitempty"`
	// Verdicts judge rival rule sets against what was measured.
	Verdicts []Verdict `json:"verdicts,omitempty"`
}

// Host is the machine and the state that it was in.
type Host struct {
	Name      string `json:"name,omitempty"`
	OS        string `json:"os"`
	OSVersion string `json:"os_version,omitempty"`
	// OSBuild is the system's build, which changes within a version (25C56, or the
	// release and build of Linux' kernel).
	OSBuild     string `json:"os_build,omitempty"`
	Arch        string `json:"arch"`
	Chip        string `json:"chip"`
	Cores       int    `json:"cores"`
	GPUCores    *int   `json:"gpu_cores,omitempty"`
	MemoryBytes int64  `json:"memory_bytes"`
	// Power is "ac", "battery" or "" where it is not known.
	Power        string `json:"power,omitempty"`
	LowPowerMode *bool  `json:"low_power_mode,omitempty"`
	// PowerMode is "low", "automatic" or "high" where the machine has a choice, or
	// Linux' own word for its profile or governor.
	PowerMode string `json:"power_mode,omitempty"`
	// DisplayAsleep says that no display was lit.
	DisplayAsleep *bool `json:"display_asleep,omitempty"`
	// Thermal is the pressure level before the case: nominal, fair, serious, critical.
	Thermal      string   `json:"thermal,omitempty"`
	ThermalAfter string   `json:"thermal_after,omitempty"`
	LoadAverage  *float64 `json:"load_average,omitempty"`
	// FreeMemoryBytes is what could be allocated without swapping.
	FreeMemoryBytes *int64 `json:"free_memory_bytes,omitempty"`
	SwapUsedBytes   *int64 `json:"swap_used_bytes,omitempty"`
	// GPUWiredLimitBytes is the limit that was set for what the GPU may hold
	// wired; absent where the system's default holds.
	GPUWiredLimitBytes *int64 `json:"gpu_wired_limit_bytes,omitempty"`
	// Background says that the run had background quality of service.
	Background *bool `json:"background,omitempty"`
	// Busy names the system's housekeeping that was at work, such as Spotlight.
	Busy []string `json:"busy,omitempty"`
	// LargestProcessBytes is what the largest process beside the run held.
	LargestProcessBytes *int64 `json:"largest_process_bytes,omitempty"`
	// Unfit lists the reasons why this machine was not fit to be measured.
	// A run with any is never used as a baseline.
	Unfit []string `json:"unfit,omitempty"`
}

// Runtime is the library that ran the case.
type Runtime struct {
	Name    string `json:"name"` // "llama.cpp" or "mlx"
	Version string `json:"version"`
	Path    string `json:"path,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	// Layout names the parameter-struct layout that matched the library.
	Layout string `json:"layout,omitempty"`
	Device string `json:"device,omitempty"`
	// Devices are what the library could compute on, in its order.
	Devices []Device `json:"devices,omitempty"`
	// Kernels are those that a Mac's GPU had for this process.
	Kernels *Kernels `json:"kernels,omitempty"`
	// BLAS is the library that multiplies matrices on the CPU, in its own words,
	// where the runtime does not do it itself.
	BLAS string `json:"blas,omitempty"`
	// Files are all library files that were loaded.
	Files []File `json:"files,omitempty"`
	// CPUVariant is the processor variant that ggml chose ("zen4", "apple_m4").
	CPUVariant string `json:"cpu_variant,omitempty"`
	// Variables are the environment variables that were set and that the runtime obeys.
	Variables map[string]string `json:"variables,omitempty"`
	// With has versions of what the runtime stands on, by name, as another tool
	// recorded them (mlx: 0.32.0 homebrew).
	With map[string]string `json:"with,omitempty"`
}

// File is a file that was loaded.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// Model is what was run.
type Model struct {
	Ref string `json:"ref"`
	// HeaderSHA256, FileType ("Q4_K - Medium", as llama.cpp says it) and SizeBytes
	// are those of the file that was run, wherever it lay; absent for a skeleton.
	HeaderSHA256 string `json:"header_sha256,omitempty"`
	FileType     string `json:"file_type,omitempty"`
	SizeBytes    *int64 `json:"size_bytes,omitempty"`

	Name        string `json:"name"`
	Arch        string `json:"arch"`
	FactsSHA256 string `json:"facts_sha256,omitempty"`
	// Revision is that of the weights where they come from, as a hub names it.
	Revision    string `json:"revision,omitempty"`
	WeightBytes *int64 `json:"weight_bytes,omitempty"`
	NParams     *int64 `json:"n_params,omitempty"`
	// Skeleton is "kv" or "full" when random weights stood in for the model's.
	Skeleton string `json:"skeleton,omitempty"`
	// WeightType is the type in which a skeleton was written (f16, q4_K, ...).
	WeightType string `json:"weight_type,omitempty"`
}

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

// KVLayer is the cache of one layer. Class is "full", "sliding", "chunked",
// "mla", "recurrent" or "shared"; for "recurrent" KBytes is the convolution
// state, VBytes the recurrent state and Cells the number of sequences.
type KVLayer struct {
	Layer  int    `json:"layer"`
	Class  string `json:"class"`
	Cells  int64  `json:"cells"`
	KBytes int64  `json:"k_bytes"`
	VBytes int64  `json:"v_bytes"`
	// Device holds it, as the runtime names it ("CPU", "MTL0"); absent where it is
	// not known.
	Device string `json:"device,omitempty"`
}

// CostTerm is the arithmetic and the weight traffic of one class of operation
// on one weight type, summed over one whole sample (every step of it).
type CostTerm struct {
	// Class is "weights", "experts", "head" (products with weights) or "attention".
	Class string `json:"class"`
	// Type is the weight type (f16, q4_K, ...), or the K cache's for attention.
	Type  string `json:"type"`
	FLOPs int64  `json:"flops"`
	// Bytes are weight bytes touched, or cache bytes read for attention.
	Bytes int64 `json:"bytes"`
	// LiveFLOPs, for attention, are those of FLOPs on cells that the mask lets
	// through; RowBytes is the distance from one cell's keys to the next's.
	LiveFLOPs *int64 `json:"live_flops,omitempty"`
	RowBytes  *int64 `json:"row_bytes,omitempty"`
}

// Cost is what one sample of a case has to do.
type Cost struct {
	// Steps is the number of evaluated graphs (micro-batches or decode steps).
	Steps int64 `json:"steps"`
	// Nodes is the number of graph nodes over all steps that compute something,
	// views left out, where it is known.
	Nodes *int64 `json:"nodes,omitempty"`
	// Products is the number of matrix products among them, a layer's attention
	// counted as one.
	Products *int64 `json:"products,omitempty"`
	// Layers are the blocks evaluated over all steps: all, those with experts,
	// those with a recurrent state. Predicted only.
	Layers *[3]int64  `json:"layers,omitempty"`
	Terms  []CostTerm `json:"terms"`
	// KVWriteBytes, ActivationBytes are moved besides the terms' bytes.
	KVWriteBytes    int64 `json:"kv_write_bytes"`
	ActivationBytes int64 `json:"activation_bytes"`
	// ExpertBytes are the fewest and the most bytes of experts that could be
	// touched; which ones are is chosen as the tokens run. Predicted only.
	ExpertBytes *[2]int64 `json:"expert_bytes,omitempty"`
}

// Predicted is what the architecture and the runtime's policy say, computed
// without running anything.
type Predicted struct {
	// Rules names the rule set; the exact one is "exact".
	Rules    string    `json:"rules"`
	KVBytes  *int64    `json:"kv_bytes,omitempty"`
	KVLayers []KVLayer `json:"kv_layers,omitempty"`
	// WeightBytes are those of what is run: the skeleton's if one stands in.
	WeightBytes *int64 `json:"weight_bytes,omitempty"`
	FLOPs       *int64 `json:"flops,omitempty"`
	BytesMoved  *int64 `json:"bytes_moved,omitempty"`
	Cost        *Cost  `json:"cost,omitempty"`
	// Seconds is the duration of one sample; TokensPerSecond follows from it.
	// Both are absent until a fit of the machine exists.
	Seconds         *Interval `json:"seconds,omitempty"`
	TokensPerSecond *Interval `json:"tokens_per_second,omitempty"`
	// Fit is the id of the fit that Seconds was predicted from.
	Fit string `json:"fit,omitempty"`
	// Placement is which device will hold each layer's weights, where the library's
	// devices are known.
	Placement *Placement `json:"placement,omitempty"`
	// Fallbacks are what a device has no kernel for, or one that is known to be wrong,
	// a sentence each.
	Fallbacks []string `json:"fallbacks,omitempty"`
	// OutputNoise is what rounding alone explains of a difference in what comes out;
	// absent where it is not predicted, or explains any difference.
	OutputNoise *Noise `json:"output_noise,omitempty"`
	// PeakKVBytes is the largest the cache gets on the way, where it can shrink.
	PeakKVBytes *int64 `json:"peak_kv_bytes,omitempty"`
	// Memory is all that the model and the context take.
	Memory *Memory `json:"memory,omitempty"`
}

// Interval is a figure with the bounds that contain it with 95 % confidence.
type Interval struct {
	Value float64 `json:"value"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
}

// KVSources is the cache's size from each source that was read. Tensors is
// exact; Log is rounded by the library to LogPrecision; State is what a
// saved sequence of StateTokens tokens occupies; Footprint is the growth of
// the process.
type KVSources struct {
	Tensors      *int64 `json:"tensors,omitempty"`
	Log          *int64 `json:"log,omitempty"`
	LogPrecision *int64 `json:"log_precision,omitempty"`
	State        *int64 `json:"state,omitempty"`
	StateTokens  *int   `json:"state_tokens,omitempty"`
	Footprint    *int64 `json:"footprint,omitempty"`
	// Active is the allocator's own count of live bytes (MLX).
	Active *int64 `json:"active,omitempty"`
}

// LogAgrees reports whether so many bytes are what the library's log says, within
// the log's rounding. Log must be there.
func (s *KVSources) LogAgrees(bytes int64) bool {
	return max(bytes-*s.Log, *s.Log-bytes) <= *s.LogPrecision
}

// TokensPerSecond summarises a timed case.
type TokensPerSecond struct {
	Median float64 `json:"median"`
	Mean   float64 `json:"mean"`
	// Stddev needs two samples, CI95 (of the median) six.
	Stddev *float64    `json:"stddev,omitempty"`
	CI95   *[2]float64 `json:"ci95,omitempty"`
}

// Memory is what a model and a context take, by what it is for: predicted, or
// as the library reported it, rounded to LogRounding where it only printed it.
type Memory struct {
	WeightBytes  *int64 `json:"weight_bytes,omitempty"`
	KVBytes      *int64 `json:"kv_bytes,omitempty"`
	ComputeBytes *int64 `json:"compute_bytes,omitempty"`
	OutputBytes  *int64 `json:"output_bytes,omitempty"`
	// RepackBytes are copies of weights in a layout that the processor's products want.
	RepackBytes *int64 `json:"repack_bytes,omitempty"`
	// ProcessBytes is what the process holds besides, an estimate.
	ProcessBytes *int64 `json:"process_bytes,omitempty"`
	TotalBytes   *int64 `json:"total_bytes,omitempty"`
	// NotPredicted says of each part that has no prediction why, by the part's name.
	NotPredicted map[string]string `json:"not_predicted,omitempty"`
	// Devices has the parts of each device by its name, where there are several.
	Devices map[string]*Memory `json:"devices,omitempty"`
	// Free is what a device said was free, at three times.
	Free *FreeMemory `json:"free,omitempty"`
	// FootprintBytes is the worker process as the operating system saw it.
	FootprintBytes     *int64 `json:"footprint_bytes,omitempty"`
	PeakFootprintBytes *int64 `json:"peak_footprint_bytes,omitempty"`
}

// FreeMemory is what a device said was free before the model, with it and with a
// context. A Mac's GPU counts what this process took and nobody else's.
type FreeMemory struct {
	BeforeBytes  int64 `json:"before_bytes"`
	ModelBytes   int64 `json:"model_bytes"`
	ContextBytes int64 `json:"context_bytes"`
}

// LogRounding is half of the last digit of sizes that a log prints in MiB with
// two decimals.
const LogRounding = 1<<20/200 + 1

// Measured is what was read from the running library.
type Measured struct {
	KVBytes   *int64     `json:"kv_bytes,omitempty"`
	KVLayers  []KVLayer  `json:"kv_layers,omitempty"`
	KVSources *KVSources `json:"kv_sources,omitempty"`
	FLOPs     *int64     `json:"flops,omitempty"`
	// FLOPsByOp splits FLOPs by graph operation (MUL_MAT, MUL_MAT_ID, FLASH_ATTN_EXT;
	// MLX's Matmul, AddMM, QuantizedMatmul, GatherMM, GatherQMM, ScaledDotProductAttention).
	FLOPsByOp map[string]int64 `json:"flops_by_op,omitempty"`
	// Nodes are all nodes of the graphs, Cost's those that compute something.
	Nodes *int64 `json:"nodes,omitempty"`
	// Cost is what the nodes of the executed graphs read, computed and wrote.
	Cost *Cost `json:"cost,omitempty"`
	// Placement is which device held and ran what.
	Placement *Placement `json:"placement,omitempty"`
	// FlashAttn is what the runtime settled on where the case says auto.
	FlashAttn *bool `json:"flash_attn,omitempty"`
	// WeightBytes are the weights as the library loaded them.
	WeightBytes *int64 `json:"weight_bytes,omitempty"`
	NParams     *int64 `json:"n_params,omitempty"`
	// SamplesNS are the durations of one sample each; Rounds has the round
	// (fresh process) of each sample.
	SamplesNS       []int64          `json:"samples_ns,omitempty"`
	Rounds          []int            `json:"rounds,omitempty"`
	TokensPerSecond *TokensPerSecond `json:"tokens_per_second,omitempty"`
	Memory          *Memory          `json:"memory,omitempty"`
	// PeakBytes is the most that the runtime's allocator held, weights included, in a
	// pass that was watched.
	PeakBytes *int64 `json:"peak_bytes,omitempty"`
	// Dropped is how many samples were left out because the device compiled kernels
	// in them. Before the first sample the whole prompt, or one token, runs once.
	Dropped int `json:"dropped_samples,omitempty"`
	// Spread tells what varies within a process from what does between processes.
	Spread *Spread `json:"spread,omitempty"`
	// HostNSPerToken is the time spent outside the library, per token.
	HostNSPerToken *float64 `json:"host_ns_per_token,omitempty"`
	// Missing says why figures are absent that other libraries give, by name.
	Missing map[string]string `json:"missing,omitempty"`
	// Output is what came out of the model; absent where nothing was read.
	Output *Output `json:"output,omitempty"`
	// Canary is the duration of a fixed piece of work before and after the case.
	CanaryNS []int64 `json:"canary_ns,omitempty"`
}

// Garbage reports whether what came out has values that are not numbers.
func (m *Measured) Garbage() bool { return m != nil && m.Output != nil && m.Output.NaN > 0 }

// Miss notes why a figure is absent.
func (m *Measured) Miss(figure, why string) {
	if m.Missing == nil {
		m.Missing = map[string]string{}
	}
	m.Missing[figure] = why
}

// Residual is observation minus prediction, and the ratio for time.
type Residual struct {
	KVBytes     *int64 `json:"kv_bytes,omitempty"`
	FLOPs       *int64 `json:"flops,omitempty"`
	WeightBytes *int64 `json:"weight_bytes,omitempty"`
	// ComputeBytes, OutputBytes and RepackBytes are of the log's rounded sizes.
	ComputeBytes *int64 `json:"compute_bytes,omitempty"`
	OutputBytes  *int64 `json:"output_bytes,omitempty"`
	RepackBytes  *int64 `json:"repack_bytes,omitempty"`
	// SecondsRatio is measured over predicted seconds.
	SecondsRatio *float64 `json:"seconds_ratio,omitempty"`
}

// Check is one comparison that must hold.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail says both values and where they part, when OK is false.
	Detail string `json:"detail,omitempty"`
}

// Verdict judges one figure of one rule set against what was measured.
type Verdict struct {
	Rules     string `json:"rules"`
	Figure    string `json:"figure"`
	Predicted int64  `json:"predicted"`
	Measured  int64  `json:"measured"`
	// Confirmed is equality; otherwise Because names the fact that explains it.
	Confirmed bool   `json:"confirmed"`
	Because   string `json:"because,omitempty"`
	// Chief is the one false assumption that matters most.
	Chief string `json:"chief,omitempty"`
}
