package main

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
)

// The flags of llama-bench, from its help and its parser (llama.cpp's
// tools/llama-bench/llama-bench.cpp at 0104b151, 050fc7f3, and 0.7.0's --lazy-mode and
// --repack), with what means the same here and, where not all can be had, with what is
// answered.
var llamaBenchFlags = []struct{ spellings, taken, refused string }{
	{"-h --help", "", ""},
	{"--numa", "", "distribute"},
	{"-r --repetitions", "5", ""},
	{"--prio", "0 2 -1,3", "high"},
	{"--delay", "0", "3"},
	{"-o --output", "csv json jsonl md sql", ""},
	{"-oe --output-err", "csv json jsonl md sql", ""},
	{"--list-devices", "", "+"},
	{"-v --verbose", "", "+"},
	{"--progress", "+", ""},
	{"--no-warmup", "", "+"},
	{"-fitt --fit-target", "", "512"},
	{"-fitc --fit-ctx", "", "4096"},
	{"-rpc --rpc", "", "10.0.0.2:50052"},
	{"-m --model", "a.gguf a.gguf,b.gguf", ""},
	{"-hf -hfr --hf-repo", "ggml-org/GLM-4.7-Flash-GGUF:Q4_K_M", ""},
	{"-hff --hf-file", "", "a.gguf"},
	{"-hft --hf-token", "", "hf_abc"},
	{"--offline", "+", ""},
	{"-p --n-prompt --n_prompt", "512 128-512+128 0", "many"},
	{"-n --n-gen --n_gen", "128 0,64", "many"},
	{"-pg", "512,128", "512"},
	{"-d --n-depth --n_depth", "0,4096", "deep"},
	{"-b --batch-size --batch_size", "2048", "x"},
	{"-ub --ubatch-size", "64-512*2", "x"},
	{"-ctk --cache-type-k", "f16 q8_0,q4_0", ""},
	{"-ctv --cache-type-v", "f16 q8_0", ""},
	{"-t --threads", "1,2 1-4", "x"},
	{"-C --cpu-mask", "0x0 0x0,0x0 0xff", "zz -1"},
	{"--cpu-strict", "0 1 0,1", ""},
	{"--poll", "50 0 100 0,50", "x"},
	{"-ngl --n-gpu-layers --n_gpu_layers", "-1 0 99 0,99", "x"},
	{"-ncmoe --n-cpu-moe", "0 4 0,4 all", "x"},
	{"-cmoe --cpu-moe", "", "+"},
	{"-sm --split-mode", "layer none row tensor layer,row", "columns"},
	{"-lm --load-mode", "mmap none", "mlock mmap+mlock dio"},
	{"-lzm --lazy-mode", "0", "1"},
	{"-mg --main-gpu", "0 1", "x"},
	{"-nkvo --no-kv-offload", "0 1 0,1", ""},
	{"-nopo --no-op-offload", "0 1 0,1", ""},
	{"-fa --flash-attn", "0 1 on off auto -1 0,1", "maybe"},
	{"-dev --device", "auto none MTL0 CUDA0/CUDA1", "MTL0/MTL0"},
	{"-mmp --mmap", "1", "0"},
	{"-dio --direct-io", "0", "1"},
	{"-embd --embeddings", "0", "1"},
	{"-ts --tensor-split", "0 3/1 1;1 1/0,0/1", "a/b"},
	{"-ot --override-tensor", "exps=CPU a=CPU;b=MTL0", "exps exps(=CPU"},
	{"--no-host", "0 1", ""},
	{"--repack", "1", "0"},
}

// Those of mlx_lm.benchmark 0.32.2 (mlx_lm/benchmark.py) that llama-bench has not.
var mlxBenchmarkFlags = []struct{ spellings, taken, refused string }{
	{"--model", "mlx-community/x", ""},
	{"-p --prompt-tokens", "512", "x"},
	{"-g --generation-tokens", "1024", "x"},
	{"--num-trials", "5", "x"},
	{"--prefill-step-size", "2048", "512"},
	{"--delay", "0", "1"},
	{"--pipeline", "", "+"},
	{"-qa --quantize-activations", "", "+"},
	{"--trust-remote-code", "", "+"},
}

// A command line of llama-bench or mlx_lm.benchmark is taken as it stands, or is
// answered with what to write here: no flag is unknown, in any spelling.
func TestPastedFlags(t *testing.T) {
	parse := func(args ...string) error {
		fs := flag.NewFlagSet("run", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		newRunFlags(fs)
		return fs.Parse(line.Pasted(fs, args))
	}
	for _, tc := range append(llamaBenchFlags, mlxBenchmarkFlags...) {
		for spelling := range strings.FieldsSeq(tc.spellings) {
			for value := range strings.FieldsSeq(tc.taken) {
				args := []string{spelling, value}
				if value == "+" {
					args = args[:1]
				}
				assert.NoError(t, parse(args...), "%q", args)
			}
			for value := range strings.FieldsSeq(tc.refused) {
				args := []string{spelling, value}
				if value == "+" {
					args = args[:1]
				}
				err := parse(args...)
				require.Error(t, err, "%q", args)
				assert.NotContains(t, err.Error(), "provided but not defined", "%q", args)
				assert.Greater(t, len(err.Error()), len("invalid value for flag ")+20, "%q says what to do: %v", args, err)
			}
		}
	}
}

// What is answered is one line of status 2, in the words of the one who typed.
func TestPastedFlagIsAnswered(t *testing.T) {
	t.Setenv("ASSAY_HOME", t.TempDir())
	for args, want := range map[string]string{
		"run -m x.gguf -ot exps(=CPU":       "is no pattern of names",
		"run -m x.gguf --no-warmup":         "a warm-up is part of every timed case",
		"run -m x.gguf --override_tensor a": "is not PATTERN=DEVICE",
		"run --list-devices":                "assay doctor",
		"run -m x.gguf -dev a/a":            "write each once",
		"run -m x.gguf -hft hf_secret":      "set HF_TOKEN",
	} {
		status, out, errs := call(strings.Fields(args)...)
		assert.Equal(t, 2, status, errs)
		assert.Empty(t, out)
		assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
		assert.Contains(t, errs, want, args)
		assert.NotContains(t, errs, "hf_secret")
	}
}
