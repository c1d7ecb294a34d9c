// Package skeleton writes models with random weights from architecture facts:
// files that a runtime loads, whose values mean nothing and whose shapes are
// exact. The same facts and types always give the same bytes.
package skeleton

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
)

// format changes whenever the bytes written for the same facts would.
const format = 1

// Name is the file name of a skeleton: the model's name for people, a hash of
// all that decides the content for the cache.
func Name(f arch.Facts, weightType string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s", format, f.SHA256(), weightType))
	return fmt.Sprintf("%s-%s-%s", fileName(f.Name), orDefault(weightType), hex.EncodeToString(sum[:6]))
}

func orDefault(weightType string) string {
	if weightType == "" {
		return "f16"
	}
	return weightType
}

// fileName keeps of a model's name what every file system takes.
func fileName(name string) string {
	out := []byte(name)
	for i, c := range out {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' && i > 0) {
			out[i] = '-'
		}
	}
	return string(out[:min(len(out), 64)])
}

// GGUF writes the skeleton of f into dir unless it is there already, and
// returns its path. Every matrix has the given type ("" is f16); vectors and
// the tensors that llama.cpp never quantises are f32.
func GGUF(ctx context.Context, dir string, f arch.Facts, weightType string) (string, error) {
	path := filepath.Join(dir, Name(f, weightType)+".gguf")
	return path, unlessThere(path, func() error {
		return WriteGGUF(ctx, path, f, family.TypePlan{Matrices: weightType}, Random)
	})
}

// SparseGGUF is GGUF with zeros that take no space on disk instead of weights:
// enough for a plan, for which nothing is read, at any size.
func SparseGGUF(ctx context.Context, dir string, f arch.Facts, weightType string) (string, error) {
	path := filepath.Join(dir, Name(f, weightType)+"-sparse.gguf")
	return path, unlessThere(path, func() error {
		return WriteGGUF(ctx, path, f, family.TypePlan{Matrices: weightType}, nil)
	})
}

func unlessThere(path string, write func() error) error {
	_, err := os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("the folder for skeletons: %w", err)
	}
	return write()
}

// WriteGGUF writes a model file of these facts at path: the metadata that
// llama.cpp's loader asks of the family, no tokenizer, and every tensor filled
// by fill (nil leaves a sparse file).
func WriteGGUF(ctx context.Context, path string, f arch.Facts, types family.TypePlan, fill gguf.Fill) error {
	tensors, err := family.Tensors(f, types)
	if err != nil {
		return err
	}
	metadata, err := family.Metadata(f)
	if err != nil {
		return err
	}
	var w gguf.Writer
	for _, kv := range metadata {
		w.Set(kv.Key, kv.Value)
	}
	for _, t := range tensors {
		typ, err := gguf.ParseType(t.Type)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		w.AddTensor(t.Name, typ, t.Shape...)
	}
	if fill == nil {
		return w.Create(path, nil)
	}
	return w.Create(path, func(t gguf.Tensor, out io.Writer) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fill(t, out)
	})
}
