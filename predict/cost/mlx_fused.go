package cost

import (
	"strconv"
	"strings"
)

// MLXAttention is one call of scaled_dot_product_attention on an Apple GPU: what
// decides whether it is one kernel, or products with a softmax between.
type MLXAttention struct {
	// KeyDim and ValueDim are a head's widths; Queries and Keys are tokens, Sharing is
	// how many query heads read one head of the cache.
	KeyDim, ValueDim, Queries, Keys, Sharing int64
	// Causal: the future is masked by name. Nothing else depends on a mask.
	Causal bool
}

// fusedWidth is a head that a kernel takes from a release of MLX on.
type fusedWidth struct {
	key, value int64
	since      string
}

// Widths by ScaledDotProductAttention::use_fallback (mlx/backend/metal/
// scaled_dot_product_attention.cpp, v0.30.6 to v0.32.1): for few queries, which a
// kernel of vectors takes, and for many.
var (
	fusedVectors = []fusedWidth{{64, 64, ""}, {96, 96, ""}, {128, 128, ""}, {256, 256, ""}, {192, 128, "0.32.0"}}
	fusedTiles   = []fusedWidth{{64, 64, ""}, {80, 80, ""}, {128, 128, ""}, {72, 72, "0.32.1"}, {96, 96, "0.32.1"}}
)

// The vectors' kernel takes so many queries, and so many with the heads that share
// one of the cache.
const (
	vectorQueries       = 8
	vectorQueriesShared = 32
)

// MLXFuses says whether MLX of a release computes attention by one kernel, whose
// scores are kept nowhere. An empty release is the newest known.
func MLXFuses(a MLXAttention, release string) bool {
	if a.Queries <= vectorQueries {
		return a.Queries <= a.Keys && a.Queries*a.Sharing <= vectorQueriesShared && a.in(fusedVectors, release)
	}
	return (!a.Causal || a.Queries <= a.Keys) && a.in(fusedTiles, release)
}

func (a MLXAttention) in(widths []fusedWidth, release string) bool {
	for _, w := range widths {
		if a.KeyDim == w.key && a.ValueDim == w.value {
			return release == "" || !earlier(release, w.since)
		}
	}
	return false
}

// earlier compares releases by their numbers; what is no number is 0.
func earlier(release, than string) bool {
	a, b := strings.Split(release, "."), strings.Split(than, ".")
	for i := range max(len(a), len(b)) {
		if x, y := numberAt(a, i), numberAt(b, i); x != y {
			return x < y
		}
	}
	return false
}

func numberAt(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i])
	return n
}
