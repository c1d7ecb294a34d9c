package suite

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/failure"
	"assay/harness/llamacpp"
	"assay/harness/mlx"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/skeleton"
	"assay/harness/subject"
	"assay/predict/cost"
	"assay/results"
)

func writeSuite(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "suite.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func TestReadSuite(t *testing.T) {
	s, err := Read(writeSuite(t, `
name: nightly
precision: 0.02
budget: 30m
cases:
  - models: [preset:llama-3.1-8b]
    kinds: [kv]
`))
	require.NoError(t, err)
	assert.Equal(t, "nightly", s.Name)
	assert.Equal(t, Duration(30*time.Minute), s.Budget)
	assert.Equal(t, 2, s.Rounds, "default")
	assert.Equal(t, 5, s.Samples, "default")
	assert.Equal(t, 0.03, s.MinEffect, "default")
}

func TestReadSuiteRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"unknown field": {"cases:\n  - modells: [a]\n    kinds: [kv]\n", `[2:5] unknown field "modells"; a case's keys are models, runtimes, `},
		"unknown key":   {"case:\n  - models: [a]\n", `[1:1] unknown field "case"; a suite's keys are name, rounds, `},
		"no cases":      {"name: x\n", "no cases"},
		"no kind":       {"cases:\n  - models: [a]\n", "[2:11] 'models' and 'kinds' are needed"},
		"bad kind":      {"cases:\n  - models: [a]\n    kinds: [fast]\n", `kind "fast"`},
		"bad skeleton":  {"cases:\n  - models: [a]\n    kinds: [kv]\n    skeleton: thin\n", `skeleton "thin"`},
		"negative":      {"cases:\n  - models: [a]\n    kinds: [kv]\n    n_ctx: [-5]\n", "n_ctx -5"},
		"no such type": {"cases:\n  - models: [a]\n    kinds: [kv]\n    type_k: [f16, q9_9]\n",
			`[4:19] there is no cache type "q9_9"; there are bf16,`},
		"other runtime": {"cases:\n  - models: [a]\n    kinds: [kv]\n    runtimes: [mlx]\n    weight_types: [q4_0]\n",
			`[5:20] there is no weight type "q4_0"; there are 4bit,`},
		"no thread":      {"cases:\n  - models: [a]\n    kinds: [kv]\n    n_threads: [0]\n", "[4:17] n_threads 0 must be 1 or more"},
		"not YAML":       {"cases: [", "suite"},
		"not a duration": {"budget: soon\ncases:\n  - models: [a]\n    kinds: [kv]\n", `"soon" is no duration`},
	} {
		t.Run(name, func(t *testing.T) {
			path := writeSuite(t, tc.text)
			_, err := Read(path)
			require.Error(t, err)
			assert.Contains(t, err.Error(), path)
			assert.Contains(t, err.Error(), tc.want)
			assert.NotContains(t, err.Error(), "\n")
			assert.ErrorAs(t, err, new(failure.InputError))
		})
	}
	_, err := Read("no-such-suite.yaml")
	assert.ErrorContains(t, err, "no-such-suite.yaml")
}

func TestBuiltinSuite(t *testing.T) {
	s, err := Builtin()
	require.NoError(t, err)
	items, err := Expand(t.Context(), s, []string{llamacpp.Name})
	require.NoError(t, err)
	count := map[string]int{}
	for _, it := range items {
		count[it.Ref+" "+string(it.Case.Kind)]++
	}
	assert.Equal(t, map[string]int{
		"preset:llama-3.1-8b kv":      6, // three contexts, two types
		"preset:qwen2.5-14b kv":       6,
		"preset:qwen1.5-moe-a2.7b kv": 6,
		"preset:gemma-3-12b kv":       12, // swa_full on and off besides
		"preset:smollm2-135m prefill": 6,  // three weight types, two depths
		"preset:smollm2-135m decode":  6,
	}, count)
}

func TestExpandFollowsLlamaBench(t *testing.T) {
	s, err := AdHoc(CaseGroup{Models: []string{"preset:smollm2-135m"}, PG: [][2]int{{64, 16}}}, []string{"prefill", "decode"}, 10, 2)
	require.NoError(t, err)
	items, err := Expand(t.Context(), s, []string{llamacpp.Name})
	require.NoError(t, err)
	require.Len(t, items, 3)
	assert.Equal(t, []int{512, 0, 512}, []int{items[0].Case.NPrompt, items[0].Case.NGen, items[0].Case.NCtx})
	assert.Equal(t, []int{0, 128, 128}, []int{items[1].Case.NPrompt, items[1].Case.NGen, items[1].Case.NCtx})
	assert.Equal(t, []int{64, 16, 80}, []int{items[2].Case.NPrompt, items[2].Case.NGen, items[2].Case.NCtx})
	for _, it := range items {
		assert.Equal(t, runtime.SkeletonFull, it.Skeleton, "only facts are known of a preset")
		assert.False(t, it.Case.SWAFull, "as llama-bench")
	}
	_, err = AdHoc(CaseGroup{Models: []string{"m"}, Settings: Lists{"n_prompt": {0}, "n_gen": {0}}}, []string{"prefill", "decode"}, 5, 2)
	assert.ErrorContains(t, err, "nothing to measure")
	_, err = AdHoc(CaseGroup{Models: []string{"m"}, Settings: Lists{"n_prompt": {0}, "n_gen": {0}}}, []string{"kv"}, 5, 2)
	assert.ErrorContains(t, err, "a kv case has to run")
}

func TestExpandCrossesOnlyWhatDiffers(t *testing.T) {
	g := CaseGroup{
		Models: []string{"preset:llama-3.1-8b", "preset:gemma-3-12b"}, Kinds: []results.Kind{results.KindKV},
		Settings: Lists{"swa_full": {false, true}, "type_k": {"f16", "q8_0"}, "type_v": {"f16", "q4_0"}},
	}
	items, err := Expand(t.Context(), Suite{Groups: []CaseGroup{g}}, []string{llamacpp.Name})
	require.NoError(t, err)
	assert.Len(t, items, 4+8, "llama has no window: swa_full changes nothing")
}

// A context that is not named holds all sequences; a plan's is the model's own.
func TestContextOfACaseThatNamesNone(t *testing.T) {
	g := CaseGroup{
		Models: []string{"preset:smollm2-135m"}, Kinds: []results.Kind{results.KindKV, results.KindPlan},
		Settings: Lists{"n_prompt": {16}, "n_gen": {0}, "n_seq": {1, 2}},
	}
	items, err := Expand(t.Context(), Suite{Groups: []CaseGroup{g}}, []string{llamacpp.Name})
	require.NoError(t, err)
	got := map[string]int{}
	for _, it := range items {
		got[fmt.Sprintf("%s %d", it.Case.Kind, it.Case.NSeq)] = it.Case.NCtx
	}
	assert.Equal(t, map[string]int{"kv 1": 16, "kv 2": 32, "plan 1": 8192, "plan 2": 8192}, got)
}

// A setting of a runtime that is not to run would be dropped without a word.
func TestSettingsOfOtherRuntimesAreRefused(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "model.safetensors"), nil, 0o600))
	for name, tc := range map[string]struct {
		group CaseGroup
		want  string // empty: taken
	}{
		"mlx's on llama.cpp": {CaseGroup{Models: []string{"m"}, Runtimes: []string{llamacpp.Name}, Settings: Lists{"kv_bits": {4}}},
			"--kv-bits (kv_bits) is a setting of mlx"},
		"mlx's with a GGUF": {CaseGroup{Models: []string{"a.gguf"}, Settings: Lists{"max_kv_size": {512}}},
			"--max-kv-size (max_kv_size) is a setting of mlx"},
		"llama.cpp's on mlx": {CaseGroup{Models: []string{"m"}, Runtimes: []string{mlx.Name}, Settings: Lists{"type_k": {"q8_0"}}},
			"-ctk (type_k) is a setting of llama.cpp"},
		"a folder's context":  {CaseGroup{Models: []string{folder}, Settings: Lists{"n_ctx": {4096}}}, "-c (n_ctx) is a setting of llama.cpp"},
		"switched off":        {CaseGroup{Models: []string{"m"}, Runtimes: []string{mlx.Name}, Settings: Lists{"swa_full": {false}}}, ""},
		"all runtimes":        {CaseGroup{Models: []string{"m"}, Settings: Lists{"type_k": {"q8_0"}, "kv_bits": {4}}}, ""},
		"a GGUF and a folder": {CaseGroup{Models: []string{"a.gguf", folder}, Settings: Lists{"type_k": {"q8_0"}, "kv_bits": {4}}}, ""},
		"impossible bits":     {CaseGroup{Models: []string{"m"}, Settings: Lists{"kv_bits": {3}}}, "kv_bits 3: 2, 4 or 8"},
		"impossible groups": {CaseGroup{Models: []string{"m"}, Settings: Lists{"kv_bits": {4}, "kv_group_size": {48}}},
			"kv_group_size 48: 32, 64 or 128"},
		"a bound below nought": {CaseGroup{Models: []string{"m"}, Settings: Lists{"max_kv_size": {-1}}}, "max_kv_size -1"},
	} {
		_, err := AdHoc(tc.group, []string{"kv"}, 2, 1)
		if tc.want == "" {
			assert.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, tc.want, name)
		assert.ErrorAs(t, err, new(failure.InputError), name)
	}
}

// What is refused does not depend on where it stands.
func TestSettingsThatReachNothingAreRefused(t *testing.T) {
	deaf := CaseGroup{Models: []string{"preset:gemma-3-12b"}, Kinds: []results.Kind{results.KindKV}, Settings: Lists{"max_kv_size": {64}}}
	hears := deaf
	hears.Models = []string{"preset:qwen2.5-0.5b"}
	both := deaf
	both.Models = append(slices.Clone(hears.Models), deaf.Models...)
	for name, groups := range map[string][]CaseGroup{
		"alone": {deaf}, "first": {deaf, hears}, "last": {hears, deaf}, "in one group": {both},
	} {
		_, err := Expand(t.Context(), Suite{Groups: groups}, []string{mlx.Name})
		require.ErrorContains(t, err, "--max-kv-size (max_kv_size) does not reach Gemma 3 12B: mlx-lm gives models of type", name)
		assert.ErrorAs(t, err, new(failure.InputError), name)
	}
	items, err := Expand(t.Context(), Suite{Groups: []CaseGroup{hears}}, []string{mlx.Name})
	require.NoError(t, err)
	assert.Equal(t, 64, items[0].Case.MaxKVSize)
	plain := deaf.With("max_kv_size", 0)
	_, err = Expand(t.Context(), Suite{Groups: []CaseGroup{plain}}, []string{mlx.Name})
	assert.NoError(t, err, "nothing is asked for")
}

// A setting that only a runtime has which is not there is not dropped either.
func TestSettingsOfMissingRuntimesAreRefused(t *testing.T) {
	group := CaseGroup{Models: []string{"preset:qwen2.5-0.5b"}, Settings: Lists{"max_kv_size": {64}}}
	s, err := AdHoc(group, []string{"kv"}, 2, 1)
	require.NoError(t, err, "it is not known yet which runtimes there are")
	_, err = Expand(t.Context(), s, []string{llamacpp.Name})
	require.ErrorContains(t, err, "--max-kv-size (max_kv_size) is a setting of mlx, which is not used in this run (see 'assay doctor')")
	assert.ErrorAs(t, err, new(failure.InputError))
	_, err = Expand(t.Context(), s, []string{llamacpp.Name, mlx.Name})
	assert.NoError(t, err)

	group.Runtimes, group.Kinds = []string{mlx.Name}, []results.Kind{results.KindKV}
	plain := CaseGroup{Models: group.Models, Kinds: group.Kinds}
	items, err := Expand(t.Context(), Suite{Groups: []CaseGroup{plain, group}}, []string{llamacpp.Name})
	require.NoError(t, err, "a group for a runtime that is not there runs nothing")
	assert.Len(t, items, 1)

	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "model.safetensors"), nil, 0o600))
	apart, err := AdHoc(CaseGroup{Models: []string{"preset:smollm2-135m", folder}, Settings: Lists{"type_k": {"q8_0"}, "kv_bits": {4}}},
		[]string{"kv"}, 2, 1)
	require.NoError(t, err)
	assert.Nil(t, apart.checkKnown([]string{llamacpp.Name, mlx.Name}), "the groups of a command line are one")
}

// An invented row of the table is a key of suites, and expanded.
func TestAnInventedSettingIsFoundEverywhere(t *testing.T) {
	before := results.Settings
	t.Cleanup(func() { results.Settings = before })
	results.Settings = append(slices.Clone(before), results.Setting{
		Name: "n_invented", Flag: "inv", Help: "`things`", Known: []results.Known{{Runtime: llamacpp.Name}}, Default: 7, Least: 1, Most: 99,
		Place: results.Place{
			Of: func(c results.Case) any {
				n, _ := strconv.Atoi(strings.TrimPrefix(c.Other, "invented="))
				return n
			},
			Put: func(c *results.Case, v any) { c.Other = fmt.Sprintf("invented=%d", v) },
		},
	})
	const text = "cases:\n  - models: [preset:smollm2-135m]\n    kinds: [decode]\n    n_invented: [5, %d]\n"
	s, err := Parse("x", fmt.Appendf(nil, text, 6))
	require.NoError(t, err)
	items, err := Expand(t.Context(), s, []string{llamacpp.Name})
	require.NoError(t, err)
	require.Len(t, items, 2)
	assert.Equal(t, []string{"invented=5", "invented=6"}, []string{items[0].Case.Other, items[1].Case.Other})
	plain, err := Expand(t.Context(), Suite{Groups: []CaseGroup{{Models: s.Groups[0].Models, Kinds: s.Groups[0].Kinds}}},
		[]string{llamacpp.Name})
	require.NoError(t, err)
	assert.Equal(t, "invented=7", plain[0].Case.Other, "the default")
	_, err = Parse("x", fmt.Appendf(nil, text, 100))
	assert.ErrorContains(t, err, "[4:21] n_invented 100 must be 99 or less")
	_, err = Parse("x", []byte("cases:\n  - models: [a]\n    kinds: [kv]\n    n_inv: 1\n"))
	assert.ErrorContains(t, err, "did you mean n_invented?")
	_, err = Parse("x", []byte("cases:\n  - models: [a]\n    kinds: [kv]\n    runtimes: [mlx]\n    n_invented: [5]\n"))
	assert.ErrorContains(t, err, "-inv (n_invented) is a setting of llama.cpp")
	assert.ErrorContains(t, CheckFlag("inv", mlx.Name), "is a setting of llama.cpp")
}

// Bounds of the table that other packages have, too.
func TestSettingsAgreeWithThePredictors(t *testing.T) {
	ctx, ok := results.SettingNamed("n_ctx")
	require.True(t, ok)
	assert.Equal(t, cost.MaxCells, ctx.Most)
	for _, s := range results.Settings {
		for _, k := range s.Known {
			_, err := runtimes.Named(k.Runtime)
			assert.NoError(t, err, s.Name)
		}
	}
}

// A GGUF runs where it can, and a case elsewhere would only fail.
func TestAdHocSparesMLXFromGGUF(t *testing.T) {
	for name, tc := range map[string]struct {
		group CaseGroup
		want  []CaseGroup
	}{
		"mixed": {CaseGroup{Models: []string{"a.gguf", "preset:b", "ollama:c"}}, []CaseGroup{
			{Models: []string{"a.gguf", "ollama:c"}, Runtimes: []string{llamacpp.Name}}, {Models: []string{"preset:b"}}}},
		"runtime asked for": {CaseGroup{Models: []string{"a.gguf"}, Runtimes: []string{mlx.Name}},
			[]CaseGroup{{Models: []string{"a.gguf"}, Runtimes: []string{mlx.Name}}}},
		"skeleton": {CaseGroup{Models: []string{"a.gguf"}, Skeleton: runtime.SkeletonFull},
			[]CaseGroup{{Models: []string{"a.gguf"}, Skeleton: runtime.SkeletonFull}}},
	} {
		s, err := AdHoc(tc.group, []string{"kv"}, 2, 1)
		require.NoError(t, err, name)
		require.Len(t, s.Groups, len(tc.want), name)
		for i, g := range s.Groups {
			assert.Equal(t, tc.want[i].Models, g.Models, name)
			assert.Equal(t, tc.want[i].Runtimes, g.Runtimes, name)
		}
	}
}

// A file in a suite that names no runtime is measured where its format is at home; a
// preset everywhere.
func TestSuiteSparesMLXFromGGUF(t *testing.T) {
	facts, err := subject.Facts(t.Context(), "preset:smollm2-135m")
	require.NoError(t, err)
	file, err := skeleton.SparseGGUF(t.Context(), t.TempDir(), facts, "f16")
	require.NoError(t, err)
	kv := func(g CaseGroup) []string {
		g.Kinds = []results.Kind{results.KindKV}
		items, err := Expand(t.Context(), Suite{Groups: []CaseGroup{g}}, []string{llamacpp.Name, mlx.Name})
		require.NoError(t, err)
		var in []string
		for _, it := range items {
			in = append(in, it.Runtime)
		}
		return in
	}
	assert.Equal(t, []string{llamacpp.Name}, kv(CaseGroup{Models: []string{file}}))
	assert.Equal(t, []string{llamacpp.Name, mlx.Name}, kv(CaseGroup{Models: []string{"preset:smollm2-135m"}}))
	assert.Equal(t, []string{llamacpp.Name, mlx.Name}, kv(CaseGroup{Models: []string{file}, Skeleton: runtime.SkeletonKV}))
	assert.Equal(t, []string{mlx.Name}, kv(CaseGroup{Models: []string{file}, Runtimes: []string{mlx.Name}}), "asked for")
}

// What would take gigabytes, for ever or the parser with it is one line.
func TestHostileSuites(t *testing.T) {
	many := "[" + strings.Repeat("1, ", 1999) + "1]"
	for name, text := range map[string]string{
		"a tag":    "cases: !!binary x",
		"brackets": strings.Repeat("[", 100_000),
		"aliases":  "a: &a [x]\ncases: [" + strings.Repeat("*a, ", 40) + "*a]",
		"eight billion": "cases: [{models: [preset:smollm2-135m], kinds: [kv], n_ctx: " + many + ", n_batch: " + many + ", n_ubatch: " +
			many + "}]",
		"samples": "samples: 9000000000000\ncases: [{models: [preset:smollm2-135m], kinds: [decode]}]",
		"rounds":  "rounds: 1000000000\ncases: [{models: [preset:smollm2-135m], kinds: [decode]}]",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("s.yaml", []byte(text))
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
	for _, path := range []string{"/dev/zero", t.TempDir()} {
		_, err := Read(path)
		assert.Error(t, err)
	}
}

func FuzzSuite(f *testing.F) {
	f.Add("name: x\ncases:\n  - models: [preset:smollm2-135m]\n    kinds: [kv, decode]\n    n_ctx: [256]\n    type_k: [q8_0]\n")
	f.Add("cases: [{models: [m], kinds: [prefill], pg: [[512, 128]], flash_attn: [on, auto]}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("s.yaml", []byte(text))
		if err == nil {
			assert.NotEmpty(t, s.Groups)
		}
	})
}

// -r N is N samples, however many rounds they are spread over.
func TestSamplesOfACommandLine(t *testing.T) {
	g := CaseGroup{Models: []string{"preset:smollm2-135m"}, Settings: Lists{"n_prompt": {8}}}
	for reps := 1; reps <= 7; reps++ {
		for rounds := 1; rounds <= 3; rounds++ {
			s, err := AdHoc(g, []string{"prefill"}, reps, rounds)
			require.NoError(t, err)
			sum := 0
			for round := range s.Rounds {
				sum += s.SamplesIn(round)
				assert.Positive(t, s.SamplesIn(round))
			}
			assert.Equal(t, reps, sum, "-r %d --rounds %d", reps, rounds)
			assert.Equal(t, s.Samples, s.SamplesIn(s.Rounds), "a round that precision adds")
		}
	}
}
