package gguf

// fileType is a kind of file as llama.cpp names it (llama_ftype_name,
// src/llama-model-loader.cpp, v0.5.0), by its number in general.file_type (enum
// llama_ftype, include/llama.h).
type fileType struct {
	name string
	// of is the tensor type from which a file without the key is guessed to be of
	// this kind (llama_model_loader's constructor); kinds without one are never guessed.
	of *Type
}

var fileTypes = map[uint32]fileType{
	0: {"all F32", new(F32)}, 1: {"F16", new(F16)}, 32: {"BF16", new(BF16)},
	2: {"Q4_0", new(Q4_0)}, 3: {"Q4_1", new(Q4_1)}, 8: {"Q5_0", new(Q5_0)}, 9: {"Q5_1", new(Q5_1)}, 7: {"Q8_0", new(Q8_0)},
	10: {"Q2_K - Medium", new(Q2_K)}, 21: {name: "Q2_K - Small"},
	11: {name: "Q3_K - Small"}, 12: {"Q3_K - Medium", new(Q3_K)}, 13: {name: "Q3_K - Large"},
	14: {name: "Q4_K - Small"}, 15: {"Q4_K - Medium", new(Q4_K)},
	16: {name: "Q5_K - Small"}, 17: {"Q5_K - Medium", new(Q5_K)}, 18: {"Q6_K", new(Q6_K)},
	19: {"IQ2_XXS - 2.0625 bpw", new(IQ2_XXS)}, 20: {"IQ2_XS - 2.3125 bpw", new(IQ2_XS)},
	28: {"IQ2_S - 2.5 bpw", new(IQ2_S)}, 29: {name: "IQ2_M - 2.7 bpw"},
	22: {name: "IQ3_XS - 3.3 bpw"}, 23: {"IQ3_XXS - 3.0625 bpw", new(IQ3_XXS)},
	26: {"IQ3_S - 3.4375 bpw", new(IQ3_S)}, 27: {name: "IQ3_S mix - 3.66 bpw"},
	24: {"IQ1_S - 1.5625 bpw", new(IQ1_S)}, 31: {"IQ1_M - 1.75 bpw", new(IQ1_M)},
	25: {"IQ4_NL - 4.5 bpw", new(IQ4_NL)}, 30: {"IQ4_XS - 4.25 bpw", new(IQ4_XS)},
	36: {"TQ1_0 - 1.69 bpw ternary", new(TQ1_0)}, 37: {"TQ2_0 - 2.06 bpw ternary", new(TQ2_0)},
	38: {name: "MXFP4 MoE"}, 39: {"NVFP4", new(NVFP4)}, 40: {"Q1_0", new(Q1_0)}, 41: {"Q2_0", new(Q2_0)},
}

// FileType is the kind of file as llama.cpp names it, "Q4_K - Medium": by its own
// key or, where there is none, by the type of most tensors. It is empty for a kind
// that llama.cpp v0.5.0 does not know.
func (f *File) FileType() string {
	if n, err := Get[uint32](f, "general.file_type"); err == nil {
		return fileTypes[n].name
	}
	count := map[Type]int{}
	var most Type
	for _, t := range f.Tensors {
		if count[t.Type]++; count[t.Type] > count[most] {
			most = t.Type
		}
	}
	for _, kind := range fileTypes {
		if kind.of != nil && *kind.of == most && len(f.Tensors) > 0 {
			return kind.name
		}
	}
	return ""
}

// HeaderSHA256 is the hash of all that stands before the tensors' data, of every part.
func (f *File) HeaderSHA256() (string, error) { return f.parts.HeaderSHA256() }
