package alert

import (
	"cmp"
	"strconv"
	"strings"

	"assay/results"
	"assay/results/diff"
)

// Reproduce is the command that measures a case again, quoted for a shell.
func Reproduce(c diff.Case) string {
	p := parameters(c.Key)
	args := []string{"assay", "run", "-m", c.Ref, "--runtime", c.Runtime}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	args = append(args, tokenFlags(c.Kind, cmp.Or(p["n_prompt"], "0"), cmp.Or(p["n_gen"], "0"))...)
	add("--kind", string(c.Kind))
	if c.Kind != results.KindPlan {
		add("--skeleton", c.Skeleton) // a plan takes a sparse one by itself
	}
	if c.Skeleton != "" {
		add("--weight-type", c.WeightType)
	}
	for _, f := range flags {
		if c.Runtime == "mlx" && c.Kind != results.KindPlan && (f.flag == "-c" || f.flag == "-np") {
			continue // mlx-lm's cache follows the tokens and has one sequence
		}
		add(f.flag, p[f.parameter])
	}
	if p["n_gpu_layers"] == "" && p["type_k"] != "" {
		add("-ngl", "0") // a key leaves out what is 0, which is not this flag's default
	}
	for _, f := range switches {
		if p[f.parameter] == "true" {
			args = append(args, f.flag)
		}
	}
	for i, a := range args {
		args[i] = shell(a)
	}
	return strings.Join(args, " ")
}

// tokenFlags are the flags that set a case's token counts. A decode with a
// prompt is what -pg times, and the cases of the two counts alone are left out.
func tokenFlags(kind results.Kind, prompt, gen string) []string {
	switch {
	case kind == results.KindDecode && prompt != "0":
		return []string{"-pg", prompt + "," + gen, "-p", "0", "-n", "0"}
	case kind == results.KindDecode:
		return []string{"-n", gen, "-p", "0"}
	}
	return []string{"-p", prompt, "-n", gen}
}

// setting is a flag of assay run and the parameter that it sets.
type setting struct{ parameter, flag string }

var flags = []setting{
	{"n_ctx", "-c"}, {"n_depth", "-d"}, {"n_batch", "-b"}, {"n_ubatch", "-ub"}, {"n_seq", "-np"},
	{"type_k", "-ctk"}, {"type_v", "-ctv"}, {"flash_attn", "-fa"}, {"n_gpu_layers", "-ngl"}, {"n_threads", "-t"},
	{"kv_bits", "--kv-bits"}, {"kv_group_size", "--kv-group-size"}, {"quantized_kv_start", "--quantized-kv-start"},
	{"max_kv_size", "--max-kv-size"},
}

var switches = []setting{{"swa_full", "--swa-full"}, {"kv_unified", "-kvu"}}

// parameters reads the name=value words of a key.
func parameters(key results.Key) map[string]string {
	out := map[string]string{}
	for _, word := range strings.Fields(string(key)) {
		if name, value, ok := strings.Cut(word, "="); ok {
			if unquoted, err := strconv.Unquote(value); err == nil {
				value = unquoted
			}
			out[name] = value
		}
	}
	return out
}

// shell quotes a word for a shell unless it is plain. What cannot be printed is
// made visible first, so that pasting the command runs nothing hidden.
func shell(word string) string {
	word = results.Printable(word)
	plain := word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:=,+-") == ""
	if plain {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
