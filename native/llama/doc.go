// Package llama binds llama.cpp's C interface without cgo: it opens the
// library, recognises its struct layouts, loads models, runs batches, and reads
// back what the library did: its log, its executed graph, its cache tensors.
//
// It must not know what was predicted, and it shares no code with package
// predict: the figures that it reads are what predictions are judged by.
//
// Supported releases: b6673, b8121, b8390, b10361, v0.4.0, v0.5.0 and v0.7.0.
// One process can hold one llama.cpp library.
package llama
