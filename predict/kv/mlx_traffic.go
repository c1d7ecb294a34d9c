package kv

// MLXTraffic is what one call of the model does with one cache. Bytes are those
// of all sequences.
type MLXTraffic struct {
	// Layer and Class are those of the row in Plan. A recurrent state counts as
	// one cell that is read, from the second call on, and written.
	Layer int
	Class Class
	// Cells are the tokens that attention looks at, for each sequence: exactly
	// those that are there, nothing is padded.
	Cells int64
	// Window is how many of them a token sees at most; 0: all up to its own.
	Window int64
	// Type is what keys are stored as: f32, f16, bf16, or 4bit, 8bit-g32.
	Type string
	// KeyRowBytes is the distance from a head's key to its next one.
	KeyRowBytes int64
	// ReadBytes are read by attention. WriteBytes are the new tokens' entries
	// and whatever is written anew because the cache grew, was put in order or
	// was packed; CopyBytes are read for that.
	ReadBytes, WriteBytes, CopyBytes int64
}

// take appends tokens to a layer and answers what that moved.
func (l *mlxLayer) take(tokens int64, p MLXParams) MLXTraffic {
	before := l.slots()
	l.append(tokens)
	cells := l.growth.seenBy(tokens)
	written, copied := l.growth.moved(tokens, before)
	t := MLXTraffic{
		Layer: l.layer, Class: l.class,
		Cells: cells, Type: p.Type, KeyRowBytes: l.keyDim * l.elementBytes,
		ReadBytes: cells * l.slotBytes(), WriteBytes: (tokens + written) * l.slotBytes(), CopyBytes: copied * l.slotBytes(),
	}
	t.Window = mlxSpan(l.growth)
	if t.Type == "" {
		t.Type = "bf16"
	}
	if l.packed {
		t.Type = MLXTypeName(p.KVBits, p.KVGroupSize)
		t.KeyRowBytes = l.keyBytes / max(1, l.heads)
	}
	return t
}

// mlxSpan is the window or chunk, 0 where a token sees all before it.
func mlxSpan(g mlxGrowth) int64 {
	switch g := g.(type) {
	case mlxShared:
		return mlxSpan(g.mlxGrowth)
	case *mlxRotating:
		return g.window
	case *mlxChunked:
		return g.chunk
	}
	return 0
}

// seenBy is KVCache.update_and_fetch: all tokens that are there.
func (g *mlxPlain) seenBy(int64) int64 { return g.seen }

// moved are the slots written besides the new tokens', and those read for it:
// growing concatenates the tokens that are there with a block of zeros. The
// tokens themselves are written in place.
func (g *mlxPlain) moved(tokens, before int64) (written, read int64) {
	if g.capacity == before {
		return 0, 0
	}
	return g.capacity, min(before, g.seen-tokens)
}

// seenBy is RotatingKVCache.update_and_fetch: several tokens see the window
// before them and each other, one sees the ring, or what of it is filled.
func (g *mlxRotating) seenBy(tokens int64) int64 {
	if tokens == 1 && g.seen < g.window {
		return g.seen
	}
	return g.width
}

// moved: several tokens are concatenated with those before them, which is a new
// array each time; one writes in place, unless the ring grows or is cut down.
func (g *mlxRotating) moved(tokens, before int64) (written, read int64) {
	switch {
	case tokens > 1 && before > 0:
		return g.width - tokens, g.width - tokens
	case tokens == 1 && g.width != before:
		return g.width, min(before, g.width)
	}
	return 0, 0
}

// moved: a cut leaves a view, which is copied before anything is written to it.
func (g *mlxChunked) moved(tokens, before int64) (written, read int64) {
	if g.cut {
		return g.capacity, min(g.chunk, g.capacity)
	}
	return g.mlxPlain.moved(tokens, before)
}

func (g *mlxState) seenBy(int64) int64 { return min(g.calls-1, 1) }

// moved: the state is written anew, and no tokens are.
func (g *mlxState) moved(tokens, _ int64) (written, read int64) { return 1 - tokens, 0 }

// moved: the layer writes nothing, not even the new tokens.
func (mlxShared) moved(tokens, _ int64) (written, read int64) { return -tokens, 0 }
