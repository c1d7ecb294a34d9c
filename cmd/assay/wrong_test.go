package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
	"assay/native/llama"
)

// What people mistype is answered with one sentence, status 2, nothing measured.
func TestMistyped(t *testing.T) {
	t.Setenv("HF_ENDPOINT", "http://127.0.0.1:1") // a hub out of reach
	found, err := llama.Find()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("llama.cpp is needed: %v", err)
		}
		t.Skipf("needs llama.cpp: %v", err)
	}
	t.Setenv("ASSAY_LLAMA_LIB", found)
	t.Chdir(t.TempDir())
	t.Setenv("ASSAY_HOME", "home")
	t.Setenv("HOME", "user")
	for _, args := range []string{
		"synth preset:smollm2-135m --skeleton kv --out toy.gguf", "synth preset:smollm2-135m --skeleton kv --out two/a.gguf",
		"synth preset:smollm2-135m --skeleton kv --out two/b.gguf",
	} {
		require.NoError(t, os.MkdirAll("two", 0o755))
		status, _, errs := call(strings.Fields(args)...)
		require.Equal(t, line.StatusDone, status, errs)
	}
	for name, text := range map[string]string{
		"empty.gguf": "", "half.json": "{", "model.yaml": "cases:\n  - model: x\n    kinds: [kv]\n", "list.yaml": "- 1\n",
		"runs.yaml":  "cases: []\n",
		"lacks.json": `{"model_type": "llama"}`, "table.csv": "a,b\n1,2\n",
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	for args, want := range map[string]string{
		"run -m nosuch.gguf":                   `there is no such file; its folder has empty.gguf, toy.gguf`,
		"run -m empty.gguf":                    "empty.gguf is empty; get it again",
		"run -m two":                           "two: has 2 models; name one: two/a.gguf or two/b.gguf",
		"run -m half.json":                     "half.json: is not a JSON object",
		"run -m toy.gguf --release b1":         "llama.cpp b1 is not installed; 'assay libs install --release b1' gets it",
		"run -m toy.gguf -dev CUDA0":           "-dev CUDA0: llama.cpp has no device of that name; it has CPU",
		"run -m toy.gguf -p abc":               `"abc" is not a whole number`,
		"run -m toy.gguf -p 64-32":             "64-32 runs backwards; write 32-64",
		"run -m toy.gguf -p 1,,2":              "1,,2 has an empty entry",
		"run -m toy.gguf -p 1-100000":          "give it a step, such as 1-100000*2",
		"run -m toy.gguf -p 1000000":           "beyond the context of",
		"run -m toy.gguf -d 1000000 -n 4":      "beyond the context of",
		"run -m toy.gguf -c 8 -p 16":           "-c 8 (n_ctx) does not hold the 16 tokens of a case",
		"run -m toy.gguf -r 2.5":               "not a number of the kind that it takes, such as 10",
		"run -m toy.gguf -r x":                 "not a number of the kind that it takes, such as 10",
		"run -m toy.gguf -r 1 --rounds 5":      "5 rounds need -r 5 or more",
		"run -m toy.gguf -r -3":                "-r -3 and --rounds 2 must be at least 1",
		"run -m toy.gguf --weight-type q4_0":   "weight type q4_0 is a skeleton's, and toy.gguf has weights of its own",
		"run -m toy.gguf extra.yaml":           "a suite (extra.yaml) and -m cannot go together",
		"run -m toy.gguf -o xml":               "-o xml: one of csv, json, jsonl, md, sql",
		"run -m toy.gguf -o md --json":         "-o md and --json both write to standard output",
		"run -m toy.gguf -o md --out -":        "-o md and --out - both write to standard output",
		"run -m toy.gguf --out nosuch/x.jsonl": `--out "nosuch/x.jsonl": there is no folder nosuch`,
		"run -m toy.gguf --out two":            `--out "two" is a folder; name a file`,
		"run -m toy.gguf --kind speed":         `"speed" is not one of decode, kv, plan, prefill`,
		"run -m toy.gguf -p 0 -n 0":            "nothing to measure",
		"run -m toy.gguf -t":                   "flag needs an argument: -t",
		"run -m toy.gguf -pg 512":              `"512" is not a pair of prompt and generated tokens, such as 512,128`,
		"run -m toy.gguf --repetition 4":       "did you mean --repetitions?",
		"run -m toy.gguf --thread 4":           "did you mean --threads?",
		"run -m hf:acme/x:Q4_0":                "the model is not in the local cache either: download it, or set HF_ENDPOINT",
		"run -m acme/x":                        "hf:acme/x asks the hub",
		"run -hf acme":                         "write hf:ORG/NAME",
		"run -m ollama:nosuch":                 "pull the model with ollama",
		"run -m preset:nosuch":                 "nosuch",
		"run -p 16":                            "Add -m MODEL; 'assay models' lists those that are here",
		"run nosuch.yaml":                      "open nosuch.yaml: no such file",
		"run model.yaml":                       `unknown field "model", did you mean models?`,
		"run list.yaml":                        "a suite begins with 'cases:'",
		"run runs.yaml":                        "runs.yaml",
		"run a.yaml b.yaml":                    "one suite at a time",
		"run --resume -m toy.gguf":             "leave out the suite and -m",
		"run --runtime mlx -m toy.gguf -t 1":   "-t (n_threads) is a setting of llama.cpp, which is not to run",
		"run --runtime vllm -m toy.gguf":       "vllm",
		"diff latest":                          "write 'assay diff latest~1 latest'",
		"predict toy.gguf --memory 36":         "--memory 36: a size is a number above 0 and a unit, such as 36GiB",
		"predict":                              "predict takes one model",
		"predict a b":                          "predict takes one model",
		"libs":                                 "write 'assay libs install'",
		"libs install foo":                     "write 'assay libs install'",
		"models here":                          "models takes no arguments",
		"completion":                           "completion takes one shell: bash, fish or zsh",
		"completion powershell":                `bash, fish and zsh, not for "powershell"`,
		"import toy.gguf":                      "toy.gguf is a model and holds no results; 'assay run -m' measures it",
		"import nosuch.json":                   "open nosuch.json: no such file",
		"runn":                                 "did you mean run?",
		"verison":                              "did you mean version?",
		"help runn":                            "did you mean run?",
		"run ./toy.gguf -p 8":                  "./toy.gguf is a model and no suite; write -m ./toy.gguf",
		"run -m lacks.json":                    "hidden_size: missing; add the key",
		"run -m http://127.0.0.1:1/x.gguf":     "a model is not read from such an address; download it",
		"run table.csv":                        "a suite begins with 'cases:'",
		"run -m toy.gguf -t 0":                 "n_threads 0 must be 1 or more (-t)",
		"run -m toy.gguf --runs 10":            "--runs: write -r N",
		"run -m toy.gguf --warmup 3":           "--warmup: a warm-up is part of every timed case",
		"run -m toy.gguf --export-markdown x":  "--export-markdown: write -o md",
		"run -m toy.gguf --export-json x":      "--export-json: write --out FILE",
		"run -m toy.gguf -count 10":            "--count: write -r N",
		"run -m toy.gguf --kind":               "flag needs an argument: --kind",
		"run -m toy.gguf --store two":          "open store two: it is a folder; name a file in it with --store",
		"trend --last x":                       `invalid value "x" for flag --last: not a number`,
		"show nosuch":                          "there is no such file; 'assay list' lists the runs",
		"list --machine nosuch":                "has no runs yet; 'assay run' measures one",
		"site --out toy.gguf":                  `"toy.gguf" is a file; name a folder to write into`,
		"synth toy.gguf --out two":             "two is a folder that holds no model; name what is to be written",
		"synth toy.gguf --force --out two":     "two is a folder that holds no model",
	} {
		status, out, errs := runs(t, strings.Fields(args)...)
		assert.Equal(t, line.StatusUsage, status, "%s: %s", args, errs)
		assert.Contains(t, errs, want, args)
		assert.Equal(t, 1, strings.Count(strings.TrimPrefix(errs, "not used: mlx; 'assay doctor' says why\n"), "\n"), "%s: %s", args, errs)
		assert.NotContains(t, errs, "cases[0]", args)
		assert.Empty(t, out, args)
	}
}

// runs calls assay in a process of its own, which its workers are started from.
func runs(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "assay", args...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

// Where an output cannot be written is said before it is tried, with what to name, and
// what is there stays.
func TestOutputsThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	file := timedRun(t, dir, 0, 0, "m", "b1")
	t.Chdir(dir)
	db := filepath.Join(dir, "s.db")
	for day := range 6 {
		status, _, errs := call("import", "--store", db, timedRun(t, dir, day, 0, "m", "b1"))
		require.Equal(t, line.StatusDone, status, errs)
	}
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	for args, want := range map[string]string{
		"report --out .":                                 `"." is a folder; name a file to write`,
		"export --out .":                                 `"." is a folder; name a file to write`,
		"export --out no/x.csv --format csv":             `"no/x.csv": there is no folder no; make it first`,
		"report --out no/x.html":                         `"no/x.html": there is no folder no; make it first`,
		"site --out day00.jsonl":                         `"day00.jsonl" is a file; name a folder`,
		"show day":                                       "6 runs begin with day: day00, day01, day02, day03 and others; write more",
		"inspect preset:smollm2-135m --plot day00.jsonl": `"day00.jsonl" is a file; name a folder`,
		"import day00.jsonl --store .":                   "open store .: it is a folder; name a file in it with --store",
	} {
		words := strings.Fields(args)
		if !slices.Contains(words, "--store") && words[0] != "inspect" {
			words = append(words, "--store", db)
		}
		status, _, errs := call(words...)
		assert.Equal(t, line.StatusUsage, status, "%s: %s", args, errs)
		assert.Contains(t, errs, want, args)
		assert.Equal(t, 1, strings.Count(errs, "\n"), "%s: %s", args, errs)
	}
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, before, after)

	_, help, _ := call("help", "diff")
	status, same, _ := call("diff", "help")
	assert.Equal(t, line.StatusDone, status)
	assert.Equal(t, help, same)
}
