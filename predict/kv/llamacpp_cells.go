package kv

import "fmt"

// Occupancy follows which cells of llama.cpp's caches are taken, because
// attention runs over them and not over the tokens.
type Occupancy struct {
	plan Plan
	// streams are the runs of cells of each of the plan's caches; none for
	// recurrent states.
	streams [][]stream
}

// NewOccupancy starts with empty caches.
func NewOccupancy(p Plan) *Occupancy {
	o := &Occupancy{plan: p, streams: make([][]stream, len(p.Caches))}
	for i, c := range p.Caches {
		if c.Class == Recurrent {
			continue
		}
		for range c.Streams {
			o.streams[i] = append(o.streams[i], newStream(c))
		}
	}
	return o
}

// Place puts the micro-batch's tokens into cells and returns how many cells
// the attention of each of the plan's caches then runs over: n_kv, the longest
// of the streams that take part (llama_kv_cache::get_n_kv,
// src/llama-kv-cache.cpp, v0.5.0); 0 for a recurrent state. The error says
// which cache is full.
func (o *Occupancy) Place(u Ubatch) ([]int64, error) {
	seen := make([]int64, len(o.streams))
	for i, streams := range o.streams {
		if len(streams) == 0 {
			continue
		}
		for s, runs := range u.byStream(len(streams)) {
			if len(runs) == 0 {
				continue
			}
			if err := streams[s].place(runs); err != nil {
				c := o.plan.Caches[i]
				return nil, fmt.Errorf("the %s cache's %d cells: %w", c.Class, c.Cells, err)
			}
			seen[i] = max(seen[i], streams[s].padded(o.plan.attentionPad))
		}
	}
	return seen, nil
}

// byStream sorts the runs by the stream that their sequence lies in.
func (u Ubatch) byStream(n int) [][]Run {
	runs := make([][]Run, n)
	for _, r := range u {
		runs[r.Seq%n] = append(runs[r.Seq%n], r)
	}
	return runs
}

// empty marks a cell that holds no token.
const empty = -1

// stream is one numbering of cells (llama_kv_cells, src/llama-kv-cells.h).
type stream struct {
	window  int
	chunked bool
	pos     []int32 // each cell's position in its sequence, or empty
	seq     []int16 // each cell's sequence
	last    map[int16]int32
	used    int // cells that are not empty
	top     int // one more than the highest of them
	head    int // where the search for room starts
}

func newStream(c Cache) stream {
	s := stream{window: int(c.Window), chunked: c.Class == Chunked,
		pos: make([]int32, c.Cells), seq: make([]int16, c.Cells), last: map[int16]int32{}}
	for i := range s.pos {
		s.pos[i] = empty
	}
	return s
}

// padded is the part of the stream that attention runs over.
func (s *stream) padded(pad int64) int64 {
	return min(int64(len(s.pos)), max(pad, roundUp(int64(s.top), pad)))
}

// place takes cells for the runs (llama_kv_cache::find_slot and apply_ubatch).
func (s *stream) place(runs []Run) error {
	n := int(Ubatch(runs).Tokens())
	cells := s.find(n)
	if cells == nil {
		return fmt.Errorf("%d are taken, no room for %d tokens", s.used, n)
	}
	removed := map[int16]int32{}
	for _, r := range runs {
		for t := range r.Len {
			cell := cells[0]
			cells = cells[1:]
			if s.pos[cell] != empty {
				q := s.seq[cell]
				removed[q] = max(removed[q], s.pos[cell])
				s.clear(cell)
			}
			s.set(cell, int16(r.Seq), int32(r.Pos+t))
			s.head = cell + 1
		}
	}
	s.purge(removed)
	return nil
}

// find returns n cells that are empty or hold a token that no query of its
// sequence sees any more, searching from the head round the whole stream; nil
// when there are too few.
func (s *stream) find(n int) []int {
	if s.head > s.used+2*n {
		s.head = 0
	}
	found := make([]int, 0, n)
	for tested := 0; tested < len(s.pos) && len(found) < n; tested++ {
		if s.head >= len(s.pos) {
			s.head = 0
		}
		if s.pos[s.head] == empty || s.masked(s.head) {
			found = append(found, s.head)
		}
		s.head++
	}
	if len(found) < n {
		return nil
	}
	return found
}

// masked says that the next token of the cell's sequence does not see it
// (llama_hparams::is_masked_swa, src/llama-hparams.h, v0.5.0).
func (s *stream) masked(cell int) bool {
	if s.window == 0 {
		return false
	}
	next := int(s.last[s.seq[cell]]) + 1
	if s.chunked {
		return int(s.pos[cell]) < next/s.window*s.window
	}
	return next-int(s.pos[cell]) >= s.window
}

func (s *stream) set(cell int, seq int16, pos int32) {
	s.pos[cell], s.seq[cell] = pos, seq
	s.last[seq] = max(s.last[seq], pos)
	s.used++
	s.top = max(s.top, cell+1)
}

func (s *stream) clear(cell int) {
	s.pos[cell] = empty
	s.used--
	for s.top > 0 && s.pos[s.top-1] == empty {
		s.top--
	}
}

// purge drops what is older than a position that was overwritten, so that a
// sequence has no holes.
func (s *stream) purge(removed map[int16]int32) {
	if len(removed) == 0 {
		return
	}
	for cell, pos := range s.pos {
		if pos == empty {
			continue
		}
		if oldest, ok := removed[s.seq[cell]]; ok && pos <= oldest {
			s.clear(cell)
		}
	}
}
