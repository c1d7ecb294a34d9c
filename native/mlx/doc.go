// Package mlx calls MLX through mlx-c: it finds and opens libmlxc, tells its
// release, checks that every function is there, and offers arrays, operations,
// memory counters and devices as Go values with Go errors. It must not know
// what a model is; package lm beside it does.
//
// MLX keeps default streams, Metal command encoders and compiled functions per
// thread, so a Library owns one operating-system thread and everything happens
// on it, inside Do:
//
//	err := lib.Do(func(s *mlx.Scope) error {
//		x := s.Int32s([]int32{1, 2, 3}, 3)
//		y := s.Add(x, x)
//		s.Eval(y)
//		...
//		return s.Err()
//	})
//
// A Scope frees what was made in it; an array that must live longer is assigned
// to a variable with Set and freed with Free. The first error in a Scope sticks:
// later operations do nothing, and Err answers it.
package mlx
