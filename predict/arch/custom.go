package arch

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
)

// loadCustom reads an architecture of the user's own: the keys of a config.json
// as YAML. "like" names a preset whose keys stand where the file has none, and
// "name" what to call the result.
func loadCustom(path string) (Facts, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Facts{}, err
	}
	if !info.Mode().IsRegular() {
		return Facts{}, fmt.Errorf("%s: is no regular file; give the YAML of an architecture", path)
	}
	if info.Size() > maxConfigBytes {
		return Facts{}, fmt.Errorf("%s: %d bytes is no architecture; give its keys alone", path, info.Size())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return Facts{}, err
	}
	own, err := yamlObject(raw)
	if err != nil {
		return Facts{}, fmt.Errorf("%s: %w; write one key of a config.json a line, and like: PRESET for the rest", path, err)
	}
	config, err := basedOn(own)
	if err != nil {
		return Facts{}, fmt.Errorf("%s: %w", path, err)
	}
	f, err := fromConfig(path, config)
	if err != nil {
		return Facts{}, err
	}
	f.Name, _ = own["name"].(string)
	return f, nil
}

// yamlObject reads YAML into what a JSON decoder would have made of it, so that
// numbers keep their digits.
func yamlObject(raw []byte) (map[string]any, error) {
	asJSON, err := yaml.YAMLToJSON(raw)
	if err != nil {
		return nil, err
	}
	return decodeObject(asJSON)
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
	config, err := decodeObject(json.RawMessage(p.Config))
	if err != nil {
		return nil, fmt.Errorf("like: preset %s: %w", name, err)
	}
	for _, nest := range textConfigs {
		if inner, ok := config[nest].(map[string]any); ok {
			outer := config["model_type"]
			delete(config, nest)
			maps.Copy(config, inner)
			config["model_type"] = outer
		}
	}
	maps.Copy(config, own)
	return config, nil
}
