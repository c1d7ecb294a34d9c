// Package lm runs language models from Hugging Face folders as mlx-lm runs
// them: the same operations in the same order, the same caches, the same
// schedule of prompt chunks and look-ahead, so that memory and speed stand for
// what a user of mlx-lm gets. It is written after mlx-lm 0.32.2; files name the
// module of mlx-lm that they follow. Recurrences over several tokens alone are
// computed in another way, by products over chunks (recurrence/chunks.go). It must not
// know what is predicted of a cache, nor how a measurement is kept.
//
//	model, err := lm.Load(lib, folder)
//	defer model.Close()
//	session, err := model.NewSession(lm.CacheOptions{})
//	defer session.Close()
//	prefill, err := session.Prefill(ctx, tokens)
//	decode, err := session.Decode(ctx, 128)
//	layers, err := session.Layers()
//
// A session has one sequence, or several at once (batch.go). Sampling is greedy.
package lm
