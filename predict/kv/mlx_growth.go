package kv

// mlxGrowth is how a cache's slots follow what is appended.
type mlxGrowth interface {
	append(tokens int64)
	slots() int64
	// seenBy is how many tokens attention looks at in the call that appended.
	seenBy(tokens int64) int64
	// moved are the slots written in that call besides the new tokens', and
	// those read for it; before is the slots there were.
	moved(tokens, before int64) (written, read int64)
}

// mlxBlock is the step attribute of mlx-lm's caches.
const mlxBlock = 256

// mlxPlain is KVCache, and QuantizedKVCache after it: whole blocks of 256, put
// behind the tokens that are there, not behind the slots.
type mlxPlain struct{ capacity, seen int64 }

func (g *mlxPlain) slots() int64 { return g.capacity }

func (g *mlxPlain) append(tokens int64) {
	if g.seen+tokens > g.capacity {
		if g.seen%mlxBlock != 0 {
			g.capacity = g.seen
		}
		g.capacity += (tokens + mlxBlock - 1) / mlxBlock * mlxBlock
	}
	g.seen += tokens
}

// mlxRotating is RotatingKVCache. Several tokens are concatenated with the last
// window - 1 (and the kept first ones), without rounding; a single token makes
// the cache grow by a block up to the window, or cuts it down to the window.
type mlxRotating struct {
	window, keep int64
	width, seen  int64
}

func (g *mlxRotating) slots() int64 { return g.width }

func (g *mlxRotating) append(tokens int64) {
	if tokens == 1 {
		g.one()
	} else {
		g.several(tokens)
	}
	g.seen += tokens
}

func (g *mlxRotating) several(tokens int64) {
	held := min(g.width, g.seen) // slots that hold a token
	if dropped := held - g.window + 1; dropped > 0 {
		held = g.keep + max(0, held-dropped-g.keep)
	}
	g.width = held + tokens
}

func (g *mlxRotating) one() {
	if g.seen >= g.width && g.width < g.window {
		g.width += min(mlxBlock, g.window-g.seen)
	}
	g.width = min(g.width, g.window)
}

// mlxChunked is ChunkedKVCache: before each call, the tokens in front of the last
// chunk are cut off, with the slots behind the last token; between, it grows as a
// plain one. (Releases of mlx-lm before 0.32 cut by slots.)
type mlxChunked struct {
	mlxPlain
	chunk int64
	cut   bool // by the last call
}

func (g *mlxChunked) append(tokens int64) {
	if g.cut = g.seen > g.chunk; g.cut {
		g.capacity, g.seen = g.chunk, g.chunk
	}
	g.mlxPlain.append(tokens)
}

// mlxState is ArraysCache: one state a sequence from the first call on.
type mlxState struct{ calls int64 }

func (g *mlxState) append(int64) { g.calls++ }

func (g *mlxState) slots() int64 { return min(g.calls, 1) }

// mlxShared is a layer that reads another's cache, which grows as its own would.
type mlxShared struct{ mlxGrowth }

func (mlxShared) slots() int64 { return 0 }
