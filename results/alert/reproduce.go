package alert

import (
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
	switch c.Kind {
	case results.KindPrefill:
		args = append(args, "-p", p["n_prompt"], "-n", "0")
	case results.KindDecode:
		args = append(args, "-n", p["n_gen"], "-p", "0")
	}
	add("--kind", string(c.Kind))
	add("--skeleton", c.Skeleton)
	if c.Skeleton != "" {
		add("--weight-type", c.WeightType)
	}
	for _, f := range flags {
		add(f.flag, p[f.parameter])
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

// setting is a flag of assay run and the parameter that it sets.
type setting struct{ parameter, flag string }

var flags = []setting{
	{"n_ctx", "-c"}, {"n_depth", "-d"}, {"n_batch", "-b"}, {"n_ubatch", "-ub"}, {"n_seq", "-np"},
	{"type_k", "-ctk"}, {"type_v", "-ctv"}, {"flash_attn", "-fa"}, {"n_gpu_layers", "-ngl"}, {"n_threads", "-t"},
	{"kv_bits", "--kv-bits"}, {"kv_group_size", "--kv-group-size"}, {"quantized_kv_start", "--quantized-kv-start"},
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
