package arch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Options say where a model reference is looked for.
type Options struct{}

// Load reads the architecture facts of a model reference: a .gguf, a Hugging
// Face folder or its config.json, preset:NAME, or a preset's bare name where no such file
// exists. Nothing is run and no weights are read.
func Load(ctx context.Context, ref string, opt Options) (Facts, error) {
	if err := ctx.Err(); err != nil {
		return Facts{}, fmt.Errorf("load %s: %w", ref, err)
	}
	f, err := load(ref)
	if err != nil {
		return Facts{}, fmt.Errorf("load model %q: %w", ref, err)
	}
	f.Ref = ref
	return f, nil
}

func load(ref string) (Facts, error) {
	if name, ok := strings.CutPrefix(ref, "preset:"); ok {
		return loadPreset(name)
	}
	info, err := os.Stat(ref)
	switch {
	case errors.Is(err, fs.ErrNotExist) && isPreset(ref):
		return loadPreset(ref)
	case errors.Is(err, fs.ErrNotExist):
		return Facts{}, fmt.Errorf("no such file or preset; presets are %s", strings.Join(Presets(), ", "))
	case err != nil:
		return Facts{}, err
	case info.IsDir():
		return loadConfig(filepath.Join(ref, "config.json"))
	case strings.EqualFold(filepath.Ext(ref), ".gguf"):
		return loadGGUF(ref)
	}
	return loadConfig(ref)
}

// maxConfigBytes bounds what is read of a config; published ones are a few KB.
const maxConfigBytes = 16 << 20

func loadConfig(path string) (Facts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Facts{}, fmt.Errorf("%w; give a folder with a config.json", err)
	}
	if info.Size() > maxConfigBytes {
		return Facts{}, fmt.Errorf("%s: %d bytes is no config.json; give a model's folder, its config.json or its .gguf", path, info.Size())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return Facts{}, err
	}
	f, err := parseConfig(path, raw)
	if err != nil {
		return Facts{}, err
	}
	f.Name = filepath.Base(filepath.Dir(path))
	return f, nil
}
