package source

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"assay/predict/arch"
	"assay/predict/config"
)

// ollamaManifest is what Ollama writes for a pulled model: the layers, of which
// one is the GGUF (server/manifest.go of ollama 0.12).
type ollamaManifest struct {
	Layers []struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
	} `json:"layers"`
}

const ollamaModelLayer = "application/vnd.ollama.image.model"

var (
	ollamaName   = regexp.MustCompile(`^([\w.-]+/)?[\w.-]+(:[\w.-]+)?$`)
	ollamaDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// loadOllama reads ollama:NAME[:TAG] from Ollama's own folder; a name without a
// namespace is in "library", one without a tag is "latest".
func loadOllama(_ context.Context, name string, opt Options) (arch.Facts, error) {
	if !ollamaName.MatchString(name) || strings.Contains(name, "..") {
		return arch.Facts{}, fmt.Errorf("%q is no Ollama name; write ollama:NAME or ollama:NAMESPACE/NAME:TAG", name)
	}
	root := ollamaRoot(opt)
	manifest, err := findManifest(root, name)
	if err != nil {
		return arch.Facts{}, err
	}
	digest, err := modelLayer(manifest)
	if err != nil {
		return arch.Facts{}, err
	}
	f, err := loadGGUF(filepath.Join(root, "blobs", strings.Replace(digest, ":", "-", 1)))
	if err != nil {
		return arch.Facts{}, fmt.Errorf("%s: %w", manifest, err)
	}
	if f.Name == "" {
		f.Name = name
	}
	return f, nil
}

// ollamaRoot is where Ollama keeps its models.
func ollamaRoot(opt Options) string {
	return cmp.Or(opt.env("OLLAMA_MODELS"), filepath.Join(opt.env("HOME"), ".ollama", "models"))
}

// findManifest looks under every registry that models were pulled from.
func findManifest(root, name string) (string, error) {
	model, tag, tagged := strings.Cut(name, ":")
	if !tagged {
		tag = "latest"
	}
	if !strings.Contains(model, "/") {
		model = "library/" + model
	}
	pattern := filepath.Join(escapeGlob(filepath.Join(root, "manifests")), "*", filepath.FromSlash(model), tag)
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("no manifest matches %s; pull the model with ollama, or set OLLAMA_MODELS to where it keeps them", pattern)
	}
	return found[0], nil
}

func modelLayer(manifest string) (string, error) {
	raw, err := os.ReadFile(manifest)
	if err != nil {
		return "", err
	}
	var m ollamaManifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return "", fmt.Errorf("%s: %w; pull the model again", manifest, err)
	}
	for _, layer := range m.Layers {
		if layer.MediaType != ollamaModelLayer {
			continue
		}
		if !ollamaDigest.MatchString(layer.Digest) {
			return "", fmt.Errorf("%s: layer digest %s is no sha256; pull the model again", manifest, config.Show(layer.Digest))
		}
		return layer.Digest, nil
	}
	return "", fmt.Errorf("%s: has no layer of type %s; it is no language model in GGUF", manifest, ollamaModelLayer)
}
