package source

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assay/predict/arch"
	"assay/predict/safetensors"
)

// maxConfigBytes bounds what is read of a config; published ones are a few KB.
const maxConfigBytes = 16 << 20

// loadBesideWeights reads a config.json, or the one beside a .safetensors, with
// the weights' headers of that folder where there are any.
func loadBesideWeights(path string) (arch.Facts, error) {
	dir := filepath.Dir(path)
	if strings.EqualFold(filepath.Ext(path), ".safetensors") {
		path = filepath.Join(dir, "config.json")
	}
	return loadConfig(path, dir)
}

// loadFolder reads a Hugging Face folder; one that holds a single GGUF and no
// config is that GGUF.
func loadFolder(dir string) (arch.Facts, error) {
	path := filepath.Join(dir, "config.json")
	if _, err := os.Stat(path); err == nil {
		return loadConfig(path, dir)
	}
	ggufs := ggufsIn(dir, false)
	switch len(ggufs) {
	case 1:
		return loadGGUF(ggufs[0])
	case 0:
		return arch.Facts{}, fmt.Errorf("%s: holds neither config.json nor exactly one .gguf; give a model's folder or file", dir)
	}
	names := make([]string, min(len(ggufs), 6))
	for i := range names {
		names[i] = ggufs[i]
	}
	return arch.Facts{}, fmt.Errorf("%s: has %d models; name one: %s", dir, len(ggufs), strings.Join(names, " or "))
}

func loadConfig(path, dir string) (arch.Facts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return arch.Facts{}, fmt.Errorf("%w; give a folder with a config.json", err)
	}
	if !info.Mode().IsRegular() {
		return arch.Facts{}, fmt.Errorf("%s: is no regular file; give a model's folder, its config.json or its .gguf", path)
	}
	if info.Size() > maxConfigBytes {
		return arch.Facts{}, fmt.Errorf("%s: %d bytes is no config.json; give a model's folder, its config.json or its .gguf", path, info.Size())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return arch.Facts{}, err
	}
	if built, ok := asBuilt(raw); ok {
		return built.read(path)
	}
	f, err := parse(path, raw)
	if err != nil {
		return arch.Facts{}, err
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return arch.Facts{}, err
	}
	if base := filepath.Base(path); base != "config.json" { // one of several, whose folder names none of them
		f.Name = strings.TrimSuffix(base, filepath.Ext(base))
		return f, nil
	}
	f.Name = filepath.Base(absolute)
	weights, err := filepath.Glob(filepath.Join(escapeGlob(dir), "model*.safetensors"))
	if err != nil || len(weights) == 0 {
		return f, err
	}
	file, err := safetensors.Open(dir)
	if err != nil {
		return arch.Facts{}, err
	}
	defer file.Close()
	f.Path = dir
	if f.File, err = identifyFolder(file, raw, f.Quantization); err != nil {
		return arch.Facts{}, err
	}
	return withWeights(f, configText{path, raw}, tableOf(file.Tensors), filepath.Join(dir, "*.safetensors"))
}

// identifyFolder identifies weights by their headers and the config beside them.
func identifyFolder(file *safetensors.File, config []byte, q *arch.Quantization) (*arch.File, error) {
	header, err := file.HeaderSHA256()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte(header), config...))
	id := &arch.File{HeaderSHA256: hex.EncodeToString(sum[:])}
	of, params := map[safetensors.DType]int64{}, int64(0)
	for _, t := range file.Tensors {
		id.Bytes, params = id.Bytes+t.Bytes, params+t.Elements()
		of[t.DType] += t.Bytes
		if of[t.DType] > of[safetensors.DType(id.Type)] {
			id.Type = string(t.DType)
		}
	}
	if id.Type = strings.ToLower(id.Type); q != nil && q.Bits > 0 {
		id.Type = fmt.Sprintf("%dbit", q.Bits)
	} else {
		id.Params = &params
	}
	return id, nil
}

// tableOf puts a safetensors table into the order of ggml's dimensions.
func tableOf(list []safetensors.Tensor) []arch.Tensor {
	out := make([]arch.Tensor, len(list))
	for i, t := range list {
		shape := slices.Clone(t.Shape)
		slices.Reverse(shape)
		out[i] = arch.Tensor{Name: t.Name, Type: strings.ToLower(string(t.DType)), Shape: shape}
	}
	return out
}
