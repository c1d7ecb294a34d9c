package llama

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// CacheTensor is one tensor of a context's memory.
type CacheTensor struct {
	// Name is ggml's, such as cache_k_l0.
	Name  string
	Layer int
	// Kind is "k" or "v" for attention, "r" (convolution) or "s" (state) for a
	// recurrent layer, with a prefix for other caches of the layer ("idx_k").
	Kind string
	Type string
	// NE is [width, cells, streams, 1] for attention; [width × cells, 1, 1, 1]
	// or [width, cells, 1, 1] for a recurrent state, by release.
	NE    [4]int64
	Bytes int64
	// Device is the one whose memory holds it.
	Device string
}

// CacheTensors collects the cache tensors that executed graphs reach. A layer
// that shares another's cache adds nothing. Its Observe is made for
// ContextParams.Eval. Not safe for concurrent use.
type CacheTensors struct {
	seen map[*tensor]bool
	all  []CacheTensor
}

// NewCacheTensors answers an empty collection.
func NewCacheTensors() *CacheTensors {
	return &CacheTensors{seen: map[*tensor]bool{}}
}

// Observe looks at the memory behind a node and its sources.
func (c *CacheTensors) Observe(n Node) {
	c.add(n.Root())
	for _, src := range n.t.src {
		if src != nil {
			c.add(Node{lib: n.lib, t: src}.Root())
		}
	}
}

// cacheName is how llama-kv-cache.cpp, llama-memory-recurrent.cpp (all
// releases) and llama-kv-cache-dsv4.cpp (v0.5.0) name their tensors.
var cacheName = regexp.MustCompile(`^(?:cache|dsv4)_([a-z_]+)_l([0-9]+)$`)

// convolutionName is what graphs of linear attention rename a layer's convolution
// state to (kimi-linear.cpp of v0.5.0, qwen3next.cpp of b7836).
const convolutionName = "conv_states_all-"

var cachePrefixes = [][]byte{[]byte("cache_"), []byte("dsv4_"), []byte(convolutionName)}

func (c *CacheTensors) add(root Node) {
	named := slices.ContainsFunc(cachePrefixes, func(prefix []byte) bool { return bytes.HasPrefix(root.t.name[:], prefix) })
	if !named || c.seen[root.t] {
		return
	}
	name := root.Name()
	kind, number := "", ""
	if found := cacheName.FindStringSubmatch(name); found != nil {
		kind, number = found[1], found[2]
	} else if rest, ok := strings.CutPrefix(name, convolutionName); ok {
		kind, number = "r", rest
	}
	layer, err := strconv.Atoi(number)
	if err != nil {
		return
	}
	c.seen[root.t] = true
	c.all = append(c.all, CacheTensor{
		Name: name, Layer: layer, Kind: kind,
		Type: root.Type(), NE: root.NE(), Bytes: root.Bytes(), Device: root.Device(),
	})
}

// All lists the tensors by layer and kind.
func (c *CacheTensors) All() []CacheTensor {
	all := slices.Clone(c.all)
	slices.SortFunc(all, func(a, b CacheTensor) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}

// Bytes is the sum over all tensors.
func (c *CacheTensors) Bytes() int64 {
	var sum int64
	for _, t := range c.all {
		sum += t.Bytes
	}
	return sum
}
