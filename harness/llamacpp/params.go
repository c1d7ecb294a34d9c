package llamacpp

import (
	"assay/harness/runtime"
	"assay/predict/kv"
	"assay/results"
)

// Name is the runtime's name in records.
const Name = "llama.cpp"

// Params are the case's parameters in the predictor's terms. Where the runtime
// chooses flash attention itself it takes it: what a backend has no kernel for is
// resolved before.
func Params(c results.Case, lib results.Runtime) kv.Params {
	return kv.Params{
		NCtx: c.NCtx, NBatch: c.NBatch, NUbatch: c.NUbatch, NSeq: c.NSeq,
		TypeK: c.TypeK, TypeV: c.TypeV, FlashAttn: c.FlashAttn != "off" && c.FlashAttn != runtime.FlashTurnedOff,
		FlashTurnedOff: c.FlashAttn == runtime.FlashTurnedOff,
		SWAFull:        c.SWAFull, KVUnified: c.KVUnified, Release: lib.Version,
	}
}
