// Package source reads the architecture facts of a model reference: a file, a
// folder, a hub, Ollama, a preset or a user's own YAML. It computes no prediction
// and runs nothing.
package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"assay/predict/arch"
)

// schemes are the references that do not name a file.
var schemes = map[string]func(context.Context, string, Options) (arch.Facts, error){
	"preset": func(_ context.Context, name string, _ Options) (arch.Facts, error) { return loadPreset(name) },
	"hf":     loadHub,
	"ollama": loadOllama,
}

// readers are the files that are not a config.json, by extension.
var readers = map[string]func(string) (arch.Facts, error){
	".gguf":        loadGGUF,
	".yaml":        loadCustom,
	".yml":         loadCustom,
	".safetensors": loadBesideWeights,
}

// Load reads the architecture facts of a model reference: a .gguf, a Hugging
// Face folder, its config.json or a .safetensors in it, a custom architecture
// in .yaml, hf:ORG/NAME[@REVISION] (the local hub cache first, then the hub), ollama:NAME,
// preset:NAME, or a preset's bare name where no such file exists. Nothing is
// run, and of weights only headers are read. Errors name the file, the key and
// what to do.
func Load(ctx context.Context, ref string, opt Options) (arch.Facts, error) {
	if err := ctx.Err(); err != nil {
		return arch.Facts{}, fmt.Errorf("load model %q: %w", ref, err)
	}
	f, err := load(ctx, ref, opt)
	if err != nil {
		return arch.Facts{}, fmt.Errorf("load model %q: %w", ref, err)
	}
	f.Ref = ref
	return f, nil
}

func load(ctx context.Context, ref string, opt Options) (arch.Facts, error) {
	if name, ok := strings.CutPrefix(ref, defaultHub+"/"); ok {
		return loadHub(ctx, strings.TrimSuffix(name, "/"), opt)
	}
	if scheme, name, ok := strings.Cut(ref, ":"); ok {
		if read, known := schemes[scheme]; known {
			return read(ctx, name, opt)
		}
	}
	info, err := os.Stat(ref)
	switch {
	case errors.Is(err, fs.ErrNotExist) && isPreset(ref):
		return loadPreset(ref)
	case errors.Is(err, fs.ErrNotExist) && inHubCache(ref, opt):
		return loadHub(ctx, ref, opt)
	case errors.Is(err, fs.ErrNotExist):
		return arch.Facts{}, notThere(ref)
	case err != nil:
		return arch.Facts{}, err
	case info.IsDir():
		return loadFolder(ref)
	}
	if read, ok := readers[strings.ToLower(filepath.Ext(ref))]; ok {
		return read(ref)
	}
	return loadBesideWeights(ref)
}

// notThere says what may have been meant: a file beside it, a model of a hub, or a
// preset.
func notThere(ref string) error {
	if strings.Contains(ref, "://") {
		return errors.New("a model is not read from such an address; download it and name the file, or write " +
			"hf:ORG/NAME[:QUANT] for one of a hub")
	}
	if strings.EqualFold(filepath.Ext(ref), ".gguf") {
		files := ggufsIn(filepath.Dir(ref), false)
		if len(files) == 0 {
			return errors.New("there is no such file, and no .gguf in its folder; 'assay models' lists what this machine has")
		}
		return fmt.Errorf("there is no such file; its folder has %s", strings.Join(files[:min(4, len(files))], ", "))
	}
	if name, _, _ := strings.Cut(ref, ":"); hubName.MatchString(name) {
		return fmt.Errorf("no such file or preset, and no model of the hub's cache; hf:%s asks the hub", ref)
	}
	return fmt.Errorf("no such file or preset; %s", like(ref))
}
