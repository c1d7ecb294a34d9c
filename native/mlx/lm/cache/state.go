package cache

import "assay/native/mlx"

// State is ArraysCache of a recurrent layer: the last rows that a convolution
// reads, (1, kernel - 1, width), and the recurrent state, where there is one.
// Both are none before the first call.
type State struct {
	Conv, Recurrent mlx.Array
	tokens          int
}

// Position is the number of tokens seen.
func (c *State) Position() int { return c.tokens }

// Advance counts a step's tokens.
func (c *State) Advance(st *Step) { c.tokens += st.Tokens }

// Arrays are the convolution's rows and the recurrent state.
func (c *State) Arrays() (keys, values []*mlx.Array) {
	return []*mlx.Array{&c.Conv}, []*mlx.Array{&c.Recurrent}
}

func (c *State) slots() int { return 1 }
func (c *State) kind() Kind { return Recurrent }
