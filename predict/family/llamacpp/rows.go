package llamacpp

// rows are the families of which the loader's rules are known and no layout: no
// model of theirs is a preset, so a config alone says nothing of their tensors.
// A file does. Windows: src/models/*.cpp, load_arch_hparams, of v0.5.0 and b11434.
var rows = []Family{
	{Name: "afmoe", Window: &Window{Period: 4}},
	{Name: "cohere2moe", Window: &Window{Period: 4, DenseFirst: true}, Tail: Tail{LateSince: "b10361", LateUntil: "b11548"}},
	// Only the model of 64 layers has windows.
	{Name: "exaone4", Window: &Window{Period: 4, Absent: 4096, Layers: 64}},
	{Name: "exaone-moe", Window: &Window{Period: 4, Absent: 128}},
	{Name: "laguna", Window: &Window{Period: 4, DenseFirst: true}},
	{Name: "mellum", Window: &Window{Period: 4}},
	{Name: "muse-glimmer", Window: &Window{Period: 4}, PicksNormed: true},
	{Name: "plamo3", Window: &Window{Period: 8}},
	// Whatever window the file states, the loader takes 4096.
	{Name: "smallthinker", Window: &Window{Period: 4, DenseFirst: true, Fixed: 4096}, RouterFirst: true},
	// These insist on a list.
	{Name: "granite_swa", Window: &Window{}},
	{Name: "maple", Window: &Window{}},
	{Name: "mimo2", Window: &Window{}},
	{Name: "spark2_5", Window: &Window{}},
	{Name: "step35", Window: &Window{}, Tail: Tail{LateSince: "b10361", LateUntil: "b11548", BeforeNorm: true}},

	{Name: "deci", DropsBare: true},
	{Name: "grok", NoFlash: true},
	{Name: "ernie4_5-moe", Interleaved: true},
	{Name: "bailingmoe3", Tail: Tail{LateSince: "v0.4.0", LateUntil: "b11548"}},
	{Name: "hy_v3", Tail: Tail{LateSince: "b10361", LateUntil: "b11548"}},

	// Their graphs cache what they expand from the latent (minicpm3.cpp, plm.cpp).
	{Name: "minicpm3", Cache: Cache{Expanded: true}},
	{Name: "plm", Cache: Cache{Expanded: true}},

	{Name: "glm-dsa", Cache: Cache{Indexed: true}},
	{Name: "dots3note", Window: &Window{}, Cache: Cache{Other: "a cache for a sparse-attention indexer"}},
	{Name: "hy_v4", Cache: Cache{Other: "a cache for a sparse-attention indexer"}},
	// full_attention_interval, 8 where a file is silent (minimax-01.cpp of v0.5.0).
	{Name: "minimax-01", Cache: Cache{Other: "states of lightning attention in most layers"}},
	{Name: "minimax-m3", Cache: Cache{Other: "a cache for a sparse-attention indexer"}},
	{Name: "qwen4exp", Cache: Cache{Other: "a cache for a sparse-attention indexer"}},
	{Name: "deepseek4", Window: &Window{}, Cache: Cache{Other: "compressed caches for sparse attention"}},
	{Name: "dflash", Window: &Window{}, Cache: Cache{Other: "a draft model's cache"}},
	{Name: "gemma4-assistant", Window: &Window{}, Cache: Cache{Other: "another context's cache"}},

	// Encoders and diffusion models.
	{Name: "bert", Cache: Cache{None: true}},
	{Name: "dream", Cache: Cache{None: true}},
	{Name: "eurobert", Cache: Cache{None: true}},
	{Name: "gemma-embedding", Cache: Cache{None: true}},
	{Name: "jina-bert-v2", Cache: Cache{None: true}},
	{Name: "jina-bert-v3", Cache: Cache{None: true}},
	{Name: "llada", Cache: Cache{None: true}},
	{Name: "llada-moe", Cache: Cache{None: true}},
	{Name: "llama-embed", Cache: Cache{Unread: true}},
	{Name: "modern-bert", Cache: Cache{None: true}},
	{Name: "neo-bert", Cache: Cache{None: true}},
	{Name: "nomic-bert", Cache: Cache{None: true}},
	{Name: "nomic-bert-moe", Cache: Cache{None: true}},
	{Name: "rnd1", Cache: Cache{None: true}},
	{Name: "wavtokenizer-dec", Cache: Cache{None: true}},
}

// noLayout is why the families of rows lack what a layout gives.
const noLayout = "no model of it is a preset, so only its files' own tensors are known"

func init() {
	for i := range rows {
		f := &rows[i]
		f.hidden, f.keepHeads = unchanged, true
		f.Gaps = map[string]string{"layout": noLayout, "graph": "its graph's nodes were not read"}
		register(f)
	}
}
