package llamacpp

// Cache is the memory that a family gets (llama_model::create_memory,
// src/llama-model.cpp, v0.5.0) beside one row of keys and values a token and
// layer, and a state a recurrent layer.
type Cache struct {
	// Unread: the library makes one, and the graph does without (llama.cpp of
	// src/models, v0.5.0: an encoder's attention over the batch alone).
	Unread bool
	// None: there is no memory at all, as in encoders and diffusion models.
	None bool
	// Expanded: latent attention caches the keys and values expanded from it.
	Expanded bool
	// Indexed: the keys of a sparse-attention indexer have a cache of their own.
	Indexed bool
	// Other is what the family keeps for which there is no rule.
	Other string
}

// Tail is where the outputs are picked from all tokens (embeddings_nextn_masked,
// src/models, v0.5.0: a draft model may want every token's state).
type Tail struct {
	// LateSince is the first of the known releases that picks them only in front
	// of the output head; empty: the last layer runs for them alone. LateUntil is
	// the first that picks them in the last layer again; empty: none does.
	LateSince, LateUntil string
	// JoinedUntil and JoinedSince: up to one and from the other on, what a late
	// family's last layer made and what came into it are picked behind the layer,
	// and added and normed for the outputs alone; empty: in no release.
	JoinedUntil, JoinedSince string
	// BeforeNorm: late, but in front of the last norm; else all tokens are normed.
	BeforeNorm bool
}
