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

// renamed are what graphs of recurrent layers rename a layer's states to, with the
// kind of each: of linear attention the convolution's (kimi-linear.cpp of v0.5.0,
// qwen3next.cpp of b7836), and both of plamo2.cpp (v0.5.0).
var renamed = []struct{ prefix, kind string }{
	{"conv_states_all-", "r"}, {"mamba_conv1d_state-", "r"}, {"mamba_ssm_states-", "s"},
}

// renamedKind is the kind of a renamed state and its layer's number; "" for another
// tensor.
func renamedKind(name string) (kind, layer string) {
	for _, r := range renamed {
		if number, ok := strings.CutPrefix(name, r.prefix); ok {
			return r.kind, number
		}
	}
	return "", ""
}

var cachePrefixes = func() [][]byte {
	all := [][]byte{[]byte("cache_"), []byte("dsv4_")}
	for _, r := range renamed {
		all = append(all, []byte(r.prefix))
	}
	return all
}()

func (c *CacheTensors) add(root Node) {
	named := slices.ContainsFunc(cachePrefixes, func(prefix []byte) bool { return bytes.HasPrefix(root.t.name[:], prefix) })
	if !named || c.seen[root.t] {
		return
	}
	name := root.Name()
	kind, number := renamedKind(name)
	if found := cacheName.FindStringSubmatch(name); found != nil {
		kind, number = found[1], found[2]
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
