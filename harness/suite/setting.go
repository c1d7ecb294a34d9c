package suite

import (
	"fmt"
	"slices"

	"assay/harness/failure"
	"assay/harness/llamacpp"
	"assay/harness/mlx"
	"assay/harness/runtime"
	"assay/predict/arch"
	"assay/results"
)

// setting is a parameter of a case that only one runtime has.
type setting struct {
	name, flag, runtime string
	given               func(CaseGroup) bool
}

// settings are named as in suites and as on the command line: llama.cpp's
// parameters and those of mlx_lm.generate. SWAFull and KVUnified count where
// they are asked for, not where false is listed.
var settings = []setting{
	{"n_ctx", "c", llamacpp.Name, func(g CaseGroup) bool { return len(g.NCtx) > 0 && !slices.Contains(g.Kinds, results.KindPlan) }},
	{"n_batch", "b", llamacpp.Name, func(g CaseGroup) bool { return len(g.NBatch) > 0 }},
	{"n_ubatch", "ub", llamacpp.Name, func(g CaseGroup) bool { return len(g.NUbatch) > 0 }},
	{"n_seq", "np", llamacpp.Name, func(g CaseGroup) bool { return len(g.NSeq) > 0 }},
	{"type_k", "ctk", llamacpp.Name, func(g CaseGroup) bool { return len(g.TypeK) > 0 }},
	{"type_v", "ctv", llamacpp.Name, func(g CaseGroup) bool { return len(g.TypeV) > 0 }},
	{"flash_attn", "fa", llamacpp.Name, func(g CaseGroup) bool { return len(g.FlashAttn) > 0 }},
	{"swa_full", "swa-full", llamacpp.Name, func(g CaseGroup) bool { return slices.Contains(g.SWAFull, true) }},
	{"kv_unified", "kvu", llamacpp.Name, func(g CaseGroup) bool { return slices.Contains(g.KVUnified, true) }},
	{"n_gpu_layers", "ngl", llamacpp.Name, func(g CaseGroup) bool { return len(g.NGPULayers) > 0 }},
	{"n_threads", "t", llamacpp.Name, func(g CaseGroup) bool { return len(g.NThreads) > 0 }},
	{"kv_bits", "kv-bits", mlx.Name, func(g CaseGroup) bool { return len(g.KVBits) > 0 }},
	{"kv_group_size", "kv-group-size", mlx.Name, func(g CaseGroup) bool { return len(g.KVGroupSize) > 0 }},
	{"quantized_kv_start", "quantized-kv-start", mlx.Name, func(g CaseGroup) bool { return len(g.QuantizedKVStart) > 0 }},
	{"max_kv_size", "max-kv-size", mlx.Name, func(g CaseGroup) bool { return len(g.MaxKVSize) > 0 }},
}

// foreign refuses a setting that none of the runtimes has; no runtimes are all.
func (s setting) foreign(runtimes []string) error {
	if len(runtimes) == 0 || slices.Contains(runtimes, s.runtime) {
		return nil
	}
	return failure.Input(fmt.Errorf("%s (%s) is a setting of %s, which is not to run; leave it out, or name %s as a runtime", dashed(s.flag), s.name, s.runtime, s.runtime))
}

// dashed is a flag as its users write it: llama.cpp's short ones with one dash.
func dashed(flag string) string {
	if len(flag) <= 3 {
		return "-" + flag
	}
	return "--" + flag
}

// CheckFlag refuses a flag that the one runtime that is looked at does not have.
func CheckFlag(flag, name string) error {
	for _, s := range settings {
		if s.flag == flag {
			return s.foreign([]string{name})
		}
	}
	return nil
}

// Unreached refuses a bound of mlx-lm's cache that the model's own caches ignore.
func Unreached(rt runtime.Runtime, asked, settled results.Case, f arch.Facts) error {
	if rt.Name() != mlx.Name || asked.MaxKVSize == 0 || settled.MaxKVSize != 0 {
		return nil
	}
	return failure.Input(fmt.Errorf("--max-kv-size (max_kv_size) does not reach %s: mlx-lm gives models of type %s caches of their own; leave it out", f.Name, f.ModelType))
}

// checkSettings refuses what the group asks for and no runtime of it has.
func (g CaseGroup) checkSettings(runtimes []string) *misfit {
	for _, s := range settings {
		if !s.given(g) {
			continue
		}
		if err := s.foreign(runtimes); err != nil {
			return &misfit{path: s.name, err: err}
		}
	}
	return nil
}
