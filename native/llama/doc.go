// Package llama binds llama.cpp's C interface without cgo: it opens the
// library, recognises its struct layouts, loads models, runs batches, and reads
// back what the library did: its log, its executed graph, its cache tensors.
//
// It must not know what was predicted, and it shares no code with package
// predict: the figures that it reads are what predictions are judged by.
//
// [Releases] lists those that are known. One process can hold one llama.cpp library.
package llama
