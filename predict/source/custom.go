package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"

	"assay/predict/arch"
	"assay/predict/config"
	"assay/predict/document"
	"assay/predict/packed"
)

// loadCustom reads an architecture of the user's own: the keys of a config.json
// as YAML. "like" names a preset whose keys stand where the file has none, and
// "name" what to call the result.
func loadCustom(path string) (arch.Facts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return arch.Facts{}, err
	}
	if !info.Mode().IsRegular() {
		return arch.Facts{}, fmt.Errorf("%s: is no regular file; give the YAML of an architecture", path)
	}
	if info.Size() > maxConfigBytes {
		return arch.Facts{}, fmt.Errorf("%s: %d bytes is no architecture; give its keys alone", path, info.Size())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return arch.Facts{}, err
	}
	own, err := yamlObject(raw)
	if err != nil {
		return arch.Facts{}, fmt.Errorf("%s: %w; write one key of a config.json a line, and like: PRESET for the rest", path, err)
	}
	keys, err := basedOn(own)
	if err != nil {
		return arch.Facts{}, fmt.Errorf("%s: %w", path, err)
	}
	f, err := config.FromObject(path, keys)
	if err != nil {
		return arch.Facts{}, err
	}
	f.Name, _ = own["name"].(string)
	f.Quantization, f.PackedBy = packed.Plan(keys), packed.Method(keys)
	return f, nil
}

// yamlObject reads YAML into what a JSON decoder would have made of it, so that
// numbers keep their digits.
func yamlObject(raw []byte) (map[string]any, error) {
	asJSON, err := document.JSON(raw)
	if err != nil {
		return nil, err
	}
	return config.DecodeObject(asJSON)
}

// basedOn lays a user's keys over the preset that "like" names. A nested
// language model of the preset is unfolded first, so that its keys can be
// overridden by name; it keeps the outer model type, by which mlx-lm goes.
func basedOn(own map[string]any) (map[string]any, error) {
	like, said := own["like"]
	if !said {
		return own, nil
	}
	name, _ := like.(string)
	p, err := readPreset(strings.TrimPrefix(name, "preset:"))
	if err != nil {
		return nil, fmt.Errorf("like: %w", err)
	}
	keys, err := config.DecodeObject(json.RawMessage(p.Config))
	if err != nil {
		return nil, fmt.Errorf("like: preset %s: %w", name, err)
	}
	for _, nest := range config.TextConfigs {
		if inner, ok := keys[nest].(map[string]any); ok {
			outer := keys["model_type"]
			delete(keys, nest)
			maps.Copy(keys, inner)
			keys["model_type"] = outer
		}
	}
	maps.Copy(keys, own)
	return keys, nil
}
