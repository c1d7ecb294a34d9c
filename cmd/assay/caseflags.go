package main

import (
	"flag"
	"runtime"

	"assay/cmd/assay/line"
	"assay/harness/runtimes"
	"assay/harness/suite"
	"assay/results"
)

// caseFlags are the flags of commands that look at one case: llama.cpp's names,
// one value each.
type caseFlags struct {
	fs       *flag.FlagSet
	c        results.Case
	typeV    string
	asJSON   bool
	runtime  string
	weights  string
	flashSet *line.List[string]
}

func newCaseFlags(fs *flag.FlagSet) *caseFlags {
	o := &caseFlags{fs: fs, flashSet: flashModes()}
	fs.IntVar(&o.c.NCtx, "c", 0, "n_ctx in `tokens` (default: the model's full context)")
	fs.IntVar(&o.c.NBatch, "b", 2048, "n_batch in `tokens`")
	fs.IntVar(&o.c.NUbatch, "ub", 512, "n_ubatch in `tokens`")
	fs.IntVar(&o.c.NSeq, "np", 1, "n_seq_max: parallel `sequences`")
	fs.StringVar(&o.c.TypeK, "ctk", "f16", "`type` of the K cache")
	fs.StringVar(&o.typeV, "ctv", "", "`type` of the V cache (default: as K)")
	fs.Var(o.flashSet, "fa", "flash attention: `0, 1 or auto` (default auto)")
	fs.BoolVar(&o.c.SWAFull, "swa-full", false, "keep the whole context for windowed layers")
	fs.BoolVar(&o.c.KVUnified, "kvu", false, "one cache for all sequences")
	fs.IntVar(&o.c.NGPULayers, "ngl", 99, "`layers` on the GPU")
	mlxCacheFlags(fs, &o.c)
	fs.StringVar(&o.runtime, "runtime", "", runtimeUsage)
	fs.StringVar(&o.weights, "weight-type", "", "`type` of the weights where only facts are known (default f16)")
	fs.BoolVar(&o.asJSON, "json", false, "print as JSON")
	return o
}

// runtimeUsage describes --runtime of commands that look at one runtime.
const runtimeUsage = "`runtime`: llama.cpp or mlx (default: llama.cpp, but mlx for a folder of safetensors)"

// mlxCacheFlags are the cache's settings in mlx-lm, in mlx_lm.generate's names.
func mlxCacheFlags(fs *flag.FlagSet, c *results.Case) {
	fs.IntVar(&c.KVBits, "kv-bits", 0, "`bits` of mlx-lm's quantised cache (default: not quantised)")
	fs.IntVar(&c.KVGroupSize, "kv-group-size", 64, "group `size` of mlx-lm's quantised cache")
	fs.IntVar(&c.QuantizedKVStart, "quantized-kv-start", 0, "`tokens` after which mlx-lm quantises its cache")
	fs.IntVar(&c.MaxKVSize, "max-kv-size", 0, "`tokens` that mlx-lm's cache keeps, on models without caches of their own (default: all)")
}

func flashModes() *line.List[string] {
	return line.OneOf(map[string]string{"0": "off", "off": "off", "1": "on", "on": "on", "auto": "auto", "-1": "auto"})
}

// resolve chooses the runtime and returns the case that the flags make.
func (o *caseFlags) resolve(ref string) (results.Case, error) {
	c := o.c
	if o.runtime == "" {
		o.runtime = runtimes.For(ref)
	}
	if err := checkFlags(o.fs, o.runtime); err != nil {
		return c, err
	}
	if c.TypeV = o.typeV; c.TypeV == "" {
		c.TypeV = c.TypeK
	}
	c.FlashAttn = "auto"
	if v := o.flashSet.Values; len(v) > 0 {
		c.FlashAttn = v[len(v)-1]
	}
	if c.KVBits == 0 {
		c.KVGroupSize, c.QuantizedKVStart = 0, 0
	}
	c.NThreads = runtime.NumCPU()
	return c, nil
}

// checkFlags refuses flags that the runtime does not have. -c is every
// runtime's where a context is planned for or tabulated.
func checkFlags(fs *flag.FlagSet, runtime string) (err error) {
	fs.Visit(func(f *flag.Flag) {
		if f.Name != "c" && err == nil {
			err = suite.CheckFlag(f.Name, runtime)
		}
	})
	return err
}
