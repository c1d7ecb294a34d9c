package harness_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"assay/predict/gguf"
	"assay/results"
)

// The sizes that a skeleton begins with; what the loader wants otherwise it says.
const (
	askedLayers = 4
	askedWidth  = 128
)

// askedCase is small, and long enough for a window of 64.
var askedCase = results.Case{Kind: results.KindKV, NCtx: 1024, NPrompt: 8, NGen: 1, NBatch: 512, NUbatch: 128, NSeq: 1,
	TypeK: "f16", TypeV: "f16", FlashAttn: "auto", NThreads: 1}

// asked is a model that is put together by asking the loader what it lacks: no rule
// of any family stands here.
type asked struct {
	name    string
	keys    map[string]any
	tensors map[string][]int64
	order   []string
}

// beginnings are optional keys to begin with, which no loader asks for: it takes
// their absence for 0, and then lacks words or aborts. They are tried in turn.
var beginnings = []map[string]any{
	{},
	{"expert_count": uint32(4), "expert_used_count": uint32(2), "expert_feed_forward_length": uint32(32), "expert_gating_func": uint32(2)},
	{"attention.head_count_kv": []int32{0, 2, 0, 2}},
	{"attention.head_count_kv": []int32{0, 2, 0, 2}, "expert_count": uint32(4), "expert_used_count": uint32(2),
		"expert_feed_forward_length": uint32(32)},
	{"attention.head_count_kv": uint32(4), "expert_count": uint32(4), "expert_used_count": uint32(2), "expert_gating_func": uint32(1),
		"expert_feed_forward_length": uint32(32)},
	{"attention.head_count_kv": uint32(4)},
	{"attention.head_count_kv": []int32{0, 2, 0, 2}, "feed_forward_length": []int32{0, 96, 0, 96}},
	{"attention.head_count_kv": uint32(1), "attention.kv_lora_rank": uint32(32), "attention.q_lora_rank": uint32(32),
		"attention.key_length": uint32(48), "attention.value_length": uint32(32), "attention.key_length_mla": uint32(32),
		"attention.value_length_mla": uint32(16),
		"rope.dimension_count":       uint32(16), "expert_count": uint32(4), "expert_used_count": uint32(2),
		"expert_feed_forward_length": uint32(32), "expert_shared_count": uint32(1), "expert_gating_func": uint32(2)},
	{"attention.head_count_kv": []int32{0, 1, 0, 1}, "attention.kv_lora_rank": uint32(32), "attention.key_length_mla": uint32(32),
		"attention.value_length_mla": uint32(16), "rope.dimension_count": uint32(16), "attention.key_length": uint32(48),
		"attention.value_length": uint32(32),
		"kda.head_dim":           uint32(32), "ssm.conv_kernel": uint32(4), "expert_count": uint32(4), "expert_used_count": uint32(2),
		"expert_feed_forward_length": uint32(32), "expert_gating_func": uint32(2)},
	{"rope.dimension_sections": []int32{4, 4, 4, 4}},
	{"full_attention_interval": uint32(2), "expert_count": uint32(4), "expert_used_count": uint32(2),
		"expert_feed_forward_length": uint32(32)},
	{"full_attention_interval": uint32(2), "rope.dimension_sections": []int32{4, 4, 4, 0}},
	{"attention.gate_lora_rank": uint32(32), "attention.decay_lora_rank": uint32(32), "attention.iclr_lora_rank": uint32(32),
		"attention.value_residual_mix_lora_rank": uint32(32)},
	{"vocab_size": uint32(10240)}, // chameleon's picture tokens are among its first words
	{"attention.head_count_kv": []int32{0, 2, 0, 2}, "rope.dimension_count": uint32(32), "ssm.group_count": uint32(0)},
}

func begin(name string, with map[string]any) *asked {
	a := &asked{name: name, tensors: map[string][]int64{}, keys: map[string]any{
		"general.architecture": name, "tokenizer.ggml.model": "no_vocab",
		name + ".vocab_size": uint32(64), name + ".context_length": uint32(4096), name + ".embedding_length": uint32(askedWidth),
		name + ".block_count": uint32(askedLayers), name + ".feed_forward_length": uint32(96),
		name + ".attention.head_count": uint32(4), name + ".attention.head_count_kv": uint32(2),
	}}
	for key, value := range with {
		a.keys[name+"."+key] = value
	}
	return a
}

func (a *asked) write(path string) error {
	var w gguf.Writer
	for _, key := range slices.Sorted(maps.Keys(a.keys)) {
		w.Set(key, a.keys[key])
	}
	for _, name := range a.order {
		w.AddTensor(name, gguf.F32, a.tensors[name]...)
	}
	return w.Create(path, nil)
}

// What the loader says, and what it wants by that.
var (
	lacksKey    = regexp.MustCompile(`error loading model hyperparameters: key not found in model: (\S+)`)
	lacksKey2   = regexp.MustCompile(`key not found in model: (\S+)`)
	lacksArray  = regexp.MustCompile(`array key not found in model: (\S+)`)
	wrongType   = regexp.MustCompile(`key (\S+) has wrong type (\w+) but expected type (\w+)`)
	wrongLength = regexp.MustCompile(`key (\S+) has wrong array length; expected (\d+)`)
	lacksTensor = regexp.MustCompile(`(?:missing tensor|tensor) '([^']+)'(?: not found|$| \|)`)
	wrongShape  = regexp.MustCompile(`tensor '([^']+)' has wrong shape; expected ([\d, ]+?), got`)
	isFloat     = regexp.MustCompile(`epsilon|scale|beta|factor|clamp|freq_base|alpha|limit|temperature|theta|bound|mult|slope|cap|softcapping|power|eps$`)
	isSize      = regexp.MustCompile(`rank|dim|length|size|width|inner`)
)

// wordsOf are what the loader says in words of its own, and the keys that it then
// wants. A key that stands already is not what was meant.
var wordsOf = []struct {
	says string
	keys map[string]any
}{
	{"token type count", map[string]any{"tokenizer.ggml.token_type_count": uint32(2)}},
	{"expansion factor of 2|2 \\* n_embd == d_inner", map[string]any{"*ssm.inner_size": uint32(2 * askedWidth)}},
	{"zero experts|n_expert > 0|n_expert must be", map[string]any{"*expert_count": uint32(4), "*expert_used_count": uint32(2)}},
	{"n_expert_used > 0|n_expert_used must", map[string]any{"*expert_used_count": uint32(2)}},
	{"norm epsilon", map[string]any{"*attention.layer_norm_epsilon": float32(1e-5), "*attention.layer_norm_rms_epsilon": float32(1e-5)}},
	{"requires MLA|qk_nope >= 1", map[string]any{"*attention.kv_lora_rank": uint32(32), "*attention.key_length_mla": uint32(32),
		"*attention.value_length_mla": uint32(16), "*rope.dimension_count": uint32(16)}},
	{"n_embd == hparams.n_embd_r", map[string]any{"*token_shift_count": uint32(1)}},
	{"token_shift_count == 2", map[string]any{"*token_shift_count": uint32(2)}},
	{"sqrtsoftplus", map[string]any{"*expert_gating_func": uint32(4)}},
	{"token_types.weight. has wrong shape", map[string]any{"tokenizer.ggml.token_type_count": uint32(2)}},
	{"n_group == 0", map[string]any{"*ssm.group_count": uint32(0)}},
	{"kda_gate_lower_bound", map[string]any{"*kda.gate_lower_bound": float32(-5)}},
}

// obey adds the keys that words ask for.
func (a *asked) obey(said string) (added bool) {
	for _, w := range wordsOf {
		if !regexp.MustCompile(w.says).MatchString(said) {
			continue
		}
		for key, value := range w.keys {
			key = strings.Replace(key, "*", a.name+".", 1)
			if fmt.Sprint(a.keys[key]) != fmt.Sprint(value) {
				a.keys[key], added = value, true
			}
		}
	}
	return added
}

// mend does what the loader says, and reports whether it could.
func (a *asked) mend(said string) bool {
	switch {
	case lacksArray.MatchString(said):
		key := lacksArray.FindStringSubmatch(said)[1]
		a.keys[key] = arrayFor(key)
	case lacksKey.MatchString(said), lacksKey2.MatchString(said):
		key := lacksKey2.FindStringSubmatch(said)[1]
		if _, had := a.keys[key]; had {
			return false
		}
		a.keys[key] = valueFor(key)
	case wrongType.MatchString(said):
		m := wrongType.FindStringSubmatch(said)
		a.keys[m[1]] = ofType(m[1], m[3])
	case wrongLength.MatchString(said):
		m := wrongLength.FindStringSubmatch(said)
		n, _ := strconv.Atoi(m[2])
		a.keys[m[1]] = slices.Repeat([]int32{4}, n)
	case lacksTensor.MatchString(said):
		a.add(lacksTensor.FindStringSubmatch(said)[1], 1)
	case wrongShape.MatchString(said):
		return a.reshape(wrongShape.FindStringSubmatch(said)) || a.obey(said)
	default:
		return a.obey(said)
	}
	return true
}

func (a *asked) add(name string, shape ...int64) {
	if _, had := a.tensors[name]; !had {
		a.order = append(a.order, name)
	}
	a.tensors[name] = shape
}

// reshape takes the shape that is told; a 0 in it means that a key is absent.
func (a *asked) reshape(m []string) bool {
	var shape []int64
	for field := range strings.SplitSeq(m[2], ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(field), 10, 64)
		if err != nil || n == 0 {
			return false
		}
		shape = append(shape, n)
	}
	if slices.Equal(a.tensors[m[1]], shape) {
		return false
	}
	a.add(m[1], shape...)
	return true
}

func arrayFor(key string) any {
	switch {
	case strings.Contains(key, "pattern"):
		return []bool{true, true, true, false}
	case strings.Contains(key, "sections"):
		return []int32{4, 4, 4, 4}
	case isFloat.MatchString(key):
		return []float32{1, 1, 1, 1}
	}
	return []int32{2, 2, 2, 2}
}

func valueFor(key string) any {
	switch {
	case strings.Contains(key, "sections"):
		return arrayFor(key)
	case strings.HasSuffix(key, "sliding_window"):
		return uint32(64)
	case isFloat.MatchString(key):
		return float32(1e-5)
	case isSize.MatchString(key):
		return uint32(32)
	}
	return uint32(2)
}

func ofType(key, typ string) any {
	switch typ {
	case "f32":
		return float32(1e-5)
	case "bool":
		return true
	case "str":
		return "none"
	case "arr":
		return arrayFor(key)
	}
	return uint32(2)
}
