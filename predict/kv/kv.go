// Package kv predicts what a runtime's cache allocates: bytes and cells, layer
// by layer, from architecture facts and the runtime's own policy. One file per
// runtime; a rule names the file, function and release that it was read from.
// The package runs nothing, and knows neither a runtime's library nor a record.
package kv

// Class says how a layer keeps what it has seen.
type Class string

// The classes of layer.
const (
	Full      Class = "full"      // every token
	Sliding   Class = "sliding"   // a window that moves with the query
	Chunked   Class = "chunked"   // the chunk that the query lies in
	MLA       Class = "mla"       // one compressed row for all heads
	Recurrent Class = "recurrent" // a state of constant size per sequence
	Shared    Class = "shared"    // another layer's cache; allocates nothing
)

// Layer is the cache of one layer. A layer with attention and a recurrent part
// (falcon_h1) has two. In a recurrent one, a cell is a sequence, K the
// convolution state and V the recurrent state.
type Layer struct {
	Layer int
	Class Class
	// Cells is the number of rows allocated, over all sequences.
	Cells int64
	// KBytes and VBytes are allocated; VBytes is 0 where values are read from
	// the keys (mla).
	KBytes, VBytes int64
	// KRowBytes and VRowBytes are the part of them that one token occupies
	// (one sequence in a recurrent layer).
	KRowBytes, VRowBytes int64
	// IndexRowBytes is one token's key of a sparse-attention indexer, which lies in
	// a cache of its own; its cells are in KBytes.
	IndexRowBytes int64
	// Device holds them, where that is known: see [Plan.Place].
	Device string
}

// Bytes is what the layer's cache allocates.
func (l Layer) Bytes() int64 { return l.KBytes + l.VBytes }

// Plan is what a runtime allocates for one context.
type Plan struct {
	// Layers has the rows in the order of the model's layers.
	Layers []Layer
	// Caches are the objects that the layers' cells lie in, where the runtime
	// groups layers (llama.cpp); empty where every layer has its own (mlx).
	Caches []Cache
	// ContextCells is the context after rounding, over all sequences;
	// SequenceCells the longest that one sequence can get.
	ContextCells, SequenceCells int64
	// Batch and Ubatch are the most tokens that one call and one evaluated
	// graph take, after the runtime's own limits.
	Batch, Ubatch int64

	// attentionPad is what the cells that attention runs over round up to.
	attentionPad int64
}

// Cache is a group of layers that share one numbering of cells.
type Cache struct {
	Class Class
	// Cells is the size of one stream in cells.
	Cells int64
	// Streams is how many separate runs of cells there are: 1 when all
	// sequences share them, else one per sequence.
	Streams int64
	// Window is the number of tokens that a query sees; 0 is all of them.
	Window int64
	// Layers are the layers whose rows lie here, in order.
	Layers []int
	// RotationK and RotationV are the sizes of the square matrices that queries
	// and keys, values and results are multiplied by; 0 where they are not.
	RotationK, RotationV int64
}

// Bytes is what the whole cache allocates.
func (p Plan) Bytes() int64 {
	var sum int64
	for _, l := range p.Layers {
		sum += l.Bytes()
	}
	return sum
}

// TokenBytes is what the cache holds more for each further token of a
// sequence, while no window is full: the slope of a saved state over its
// tokens, before what a file format adds.
func (p Plan) TokenBytes() int64 {
	var sum int64
	for _, l := range p.Layers {
		if l.Class != Recurrent {
			sum += l.KRowBytes + l.VRowBytes + l.IndexRowBytes
		}
	}
	return sum
}

// Streams is how many separate runs of cells the sequences have.
func (p Plan) Streams() int64 {
	if full := p.cache(Full); full != nil {
		return full.Streams
	}
	return 1
}

// cache returns the group of the class, or nil.
func (p Plan) cache(c Class) *Cache {
	for i := range p.Caches {
		if p.Caches[i].Class == c {
			return &p.Caches[i]
		}
	}
	return nil
}
