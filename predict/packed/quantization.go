package packed

import (
	"cmp"
	"strings"

	"assay/predict/arch"
	"assay/predict/config"
)

// microscaled are the modes that fix bits and group (mlx.core.quantize).
var microscaled = map[string]struct{ bits, group int64 }{"mxfp4": {4, 32}, "mxfp8": {8, 32}, "nvfp4": {4, 16}}

// quantization is what a config says of one packed weight; what it leaves
// unsaid is 0 or empty.
type quantization struct {
	// where names the key and file, for whoever reads a contradiction.
	where       string
	bits, group int64
	mode        string
	// block are the rows and columns that share a scale (FP8).
	block []int64
}

// quantized is what a config says of all weights, and of single modules.
type quantized struct {
	all     quantization
	modules map[string]quantization
}

// of is what the config says of a module, by its own entry or the common one.
// mlx-lm names modules as it loads them, so a wrapper in front may be missing.
func (q quantized) of(module string) quantization {
	for name := module; ; {
		if own, ok := q.modules[name]; ok {
			return own
		}
		_, rest, ok := strings.Cut(name, ".")
		if !ok {
			return q.all
		}
		name = rest
	}
}

// Stated reads quantization (mlx-lm's) or quantization_config (transformers'),
// of the config or its language model's.
func Stated(file string, raw []byte) quantized {
	object, err := config.DecodeObject(raw)
	if err != nil {
		return quantized{} // the config's own reader has said so
	}
	said, where := statement(object, "quantization", "quantization_config")
	if said == nil {
		return quantized{}
	}
	return quantizationOf(said, where+" of "+file)
}

// statement is the first block of these keys, with its path.
func statement(object map[string]any, keys ...string) (map[string]any, string) {
	for _, scope := range append([]string{""}, config.TextConfigs...) {
		outer := object
		if scope != "" {
			outer, _ = object[scope].(map[string]any)
		}
		for _, key := range keys {
			if said, ok := outer[key].(map[string]any); ok {
				return said, strings.TrimPrefix(scope+"."+key, ".")
			}
		}
	}
	return nil, ""
}

// Plan is how mlx-lm would hold the weights of a config that says so (load_model,
// mlx_lm/utils.py, 0.31.3: quantization, with a module's own entry, or false for
// one that is left as it is); nil where it says nothing, or not to mlx-lm.
func Plan(object map[string]any) *arch.Quantization {
	said, _ := statement(object, "quantization")
	if said == nil {
		said, _ = statement(object, "quantization_config")
		if said["quant_method"] != nil {
			return nil // another library's
		}
	}
	plan := planned(said)
	if plan == nil {
		return nil
	}
	for name, data := range said {
		switch own := data.(type) {
		case map[string]any:
			if one := planned(own); one != nil {
				plan.Modules[name] = one
			}
		case bool:
			if !own {
				plan.Modules[name] = nil
			}
		}
	}
	return plan
}

// Method is what the maker's weights are packed with: quant_method of
// quantization_config, as transformers calls it; empty where nothing says so.
func Method(object map[string]any) string {
	said, _ := statement(object, "quantization_config")
	method, _ := said["quant_method"].(string)
	return method
}

// planned reads one packing; the modes' own widths where a mode alone is named.
func planned(said map[string]any) *arch.Quantization {
	one := oneQuantization(said, "")
	if fixed, ok := microscaled[one.mode]; ok {
		one.bits, one.group = cmp.Or(one.bits, fixed.bits), cmp.Or(one.group, fixed.group)
	}
	if one.bits < 1 || one.bits > 8 || one.group < 1 || one.group > config.MaxWidth {
		return nil
	}
	mode := one.mode
	if mode == "affine" {
		mode = ""
	}
	return &arch.Quantization{Bits: one.bits, Group: one.group, Mode: mode, Modules: map[string]*arch.Quantization{}}
}

func quantizationOf(said map[string]any, where string) quantized {
	q := quantized{all: oneQuantization(said, where), modules: map[string]quantization{}}
	for name, data := range said {
		if own, ok := data.(map[string]any); ok && own["bits"] != nil {
			q.modules[name] = oneQuantization(own, name+" in "+where)
		}
	}
	return q
}

func oneQuantization(said map[string]any, where string) quantization {
	q := quantization{where: where}
	weights := said
	if groups, ok := said["config_groups"].(map[string]any); ok && len(groups) == 1 {
		for _, group := range groups { // compressed-tensors; of several, modules are told apart by patterns
			g, _ := group.(map[string]any)
			weights, _ = g["weights"].(map[string]any)
		}
	}
	bits, _ := config.AsInteger(cmp.Or(weights["bits"], weights["num_bits"]))
	group, _ := config.AsInteger(weights["group_size"])
	q.bits, q.group = bits, max(group, 0) // -1 is one group a row
	q.mode, _ = said["mode"].(string)
	list, _ := said["weight_block_size"].([]any)
	for _, side := range list {
		n, _ := config.AsInteger(side)
		q.block = append(q.block, n)
	}
	return q
}
