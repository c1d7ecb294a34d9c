package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
)

// Each wrong call ends with status 2, one line that says what to do and nothing
// on standard output.
func TestRefusesInOneLine(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ASSAY_HOME", dir)
	pipe := filepath.Join(dir, "pipe.gguf")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	garbage := filepath.Join(dir, "garbage.yaml")
	require.NoError(t, os.WriteFile(garbage, []byte("\x01\x02: [\n\xff\n"), 0o600))
	half := filepath.Join(dir, "half.jsonl")
	require.NoError(t, os.WriteFile(half, []byte("{\"schema\":1,\"run_id\":\"a\",\"ti\n"), 0o600))
	const model = "preset:smollm2-135m"
	for name, tc := range map[string]struct {
		args string
		want string
	}{
		"bisect between nothing": {"bisect " + model, "bisect needs --good RELEASE and --bad RELEASE"},
		"bisect backwards": {"bisect " + model + " --good v0.5.0 --bad b8390",
			"v0.5.0 is not older than b8390; the good release comes first"},
		"bisect to no release":   {"bisect " + model + " --good b8390 --bad b0001", `no llama.cpp release "b0001" to install; there are b6673`},
		"bisect by no figure":    {"bisect " + model + " --good b8390 --bad v0.5.0 --figure speed", `"speed" is not one of flops, kv_bytes`},
		"context beyond 32 bits": {"predict " + model + " -c 4000000000000000000", "n_ctx 4000000000000000000 must be 67108864 or less"},
		"context beyond memory":  {"predict " + model + " -c 2000000000", "must be 67108864 or less"},
		"prompt beyond memory":   {"predict " + model + " -p 2000000000", "must be 67108864 or less"},
		"a list for one case":    {"predict " + model + " -fa 0,1", `"0,1" is not one of -1, 0, 1, auto, off, on`},
		"a value given twice":    {"plan " + model + " -c 512 -c 1024", "it is given twice"},
		"no type of a cache":     {"inspect preset:gemma-3-12b -ctk q6_K", `there is no cache type "q6_K"; there are bf16, f16`},
		"no length":              {"inspect " + model + " -c -5", "n_ctx -5 must be 0 or more"},
		"a misspelt long flag":   {"run -m " + model + " --kv-bitz 4", "there is no flag --kv-bitz, did you mean --kv-bits?"},
		"length beyond memory":   {"inspect " + model + " -c 2000000000", "n_ctx 2000000000 must be 67108864 or less"},
		"plan beyond memory":     {"plan " + model + " -c 2000000000", "must be 67108864 or less"},
		"plan of no length":      {"plan preset:mamba-codestral-7b", "names no context length that it was trained with; give one with -c"},
		"plan of no family": {"plan preset:deepseek-v3 --runtime mlx",
			"no config.json of a skeleton is written of such a deepseek_v3; 'assay predict --runtime mlx'"},
		"no cache type":          {"run -m " + model + " -ctk q9_9", `no cache type "q9_9"; there are bf16, f16,`},
		"no value type":          {"plan " + model + " -ctv zork", `no cache type "zork"; there are bf16, f16,`},
		"no cache type to guess": {"predict " + model + " -ctk q6_K", `no cache type "q6_K"; there are bf16, f16,`},
		"no weight type":         {"run -m " + model + " --weight-type q9", `no weight type "q9"; there are f32, f16,`},
		"no weight type to plan": {"plan " + model + " --weight-type q9", `weight type "q9"; there are BF16, F16,`},
		"no weight type to write": {"synth " + model + " --weight-type q9 --out " + filepath.Join(dir, "q9"),
			`weight type "q9"; there are f32, f16,`},
		"no type to calibrate by": {"run --calibrate --weight-type q9", `weight type "q9"; there are f32, f16,`},
		"calibration of no core":  {"run --calibrate -t -1", "n_threads -1 must be 1 or more"},
		"layers below none":       {"run -m " + model + " -ngl -9", "n_gpu_layers -9 must be 0 or more"},
		"planned below none":      {"plan " + model + " -ngl -9", "n_gpu_layers -9 must be 0 or more"},
		"no prompt":               {"predict " + model + " -p -1", "n_prompt -1 must be 0 or more"},
		"no thread":               {"run -m " + model + " -t 0", "n_threads 0 must be 1 or more"},
		"no batch":                {"run -m " + model + " -b 0", "n_batch 0 must be 1 or more"},
		"no sample":               {"run -m " + model + " -r 0", "-r 0"},
		"no whole number":         {"plan " + model + " -c 10e9", `invalid value "10e9" for flag -c`},
		"too many sequences":      {"plan " + model + " -np 257", "n_seq 257 must be 256 or less"},
		"a pipe":                  {"inspect " + pipe, "is no regular file"},
		"a device":                {"inspect /dev/zero", "is no regular file"},
		"negative training":       {"inspect " + model + " --train-tokens -5", "--train-tokens"},
		"training on no number":   {"inspect " + model + " --train-tokens NaN", "--train-tokens"},
		"memory without end":      {"predict " + model + " --chip M4Max-40 --memory 1e30T", "a size"},
		"model in place of suite": {"run model.gguf", "write -m model.gguf"},
		"preset without -m":       {"run " + model, "write -m " + model},
		"a model every night": {"nightly model.gguf",
			"nightly runs a suite: put \"cases: [{models: ['model.gguf'], kinds: [prefill, decode]}]\" into a file"},
		"a preset every night":    {"nightly --suite " + model, "nightly runs a suite"},
		"a misspelt flag":         {"run -m " + model + " --kindd kv", "there is no flag --kindd, did you mean --kind?"},
		"a flag from elsewhere":   {"run -m " + model + " --zorkworks", "there is no flag --zorkworks; see"},
		"a misspelt command":      {"predit " + model, "there is no command \"predit\", did you mean predict?"},
		"version of what":         {"version 5", "takes no arguments"},
		"unknown chip":            {"predict " + model + " --chip M9", "known are M1, M1Pro,"},
		"case flags without -m":   {"run -p 64", "-p shapes the cases"},
		"case flags with a suite": {"run " + garbage + " -t 1", "-t shapes the cases"},
		"unknown rules":           {"run -m " + model + " --kind kv --rules zork", "no rule set \"zork\""},
		"no database":             {"trend --store " + garbage, "name another with --store"},
		"a folder as a store":     {"trend --store " + dir, "name another with --store"},
		"half a record":           {"import " + half, half + ":1: no record in JSON"},
		"a suite of garbage":      {"run " + garbage, garbage},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := call(strings.Fields(tc.args)...)
			assert.Equal(t, line.StatusUsage, status, errs)
			assert.Contains(t, errs, tc.want)
			assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
			assert.Empty(t, out)
		})
	}
}

// A home that cannot be written is said before any library is looked for.
func TestUnwritableHome(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	t.Setenv("ASSAY_HOME", file)
	var out, errs strings.Builder
	status := dispatch(t.Context(), []string{"run", "-m", "preset:smollm2-135m"},
		line.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	assert.Equal(t, line.StatusNoRuntime, status)
	assert.Contains(t, errs.String(), "set ASSAY_HOME to a folder that can be written")
	assert.Empty(t, out.String())
}
