package arch

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed presets/*.json
var presetFiles embed.FS

// preset is a published config.json as data, with where it was published.
type preset struct {
	Name   string          `json:"name"`
	Source string          `json:"source"`
	Note   string          `json:"note,omitempty"`
	Config json.RawMessage `json:"config"`
}

// Presets lists the names that preset:NAME takes.
func Presets() []string {
	files, _ := fs.Glob(presetFiles, "presets/*.json")
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(file, "presets/"), ".json"))
	}
	return names
}

func isPreset(name string) bool { return slices.Contains(Presets(), name) }

// like are the presets of the same maker, as the name before the first digit
// or dash tells; all of them where none is.
func like(name string) []string {
	maker := strings.ToLower(name)
	if i := strings.IndexAny(maker, "0123456789-"); i > 0 {
		maker = maker[:i]
	}
	all := Presets()
	same := slices.DeleteFunc(slices.Clone(all), func(preset string) bool { return !strings.HasPrefix(preset, maker) })
	if len(same) == 0 {
		return all
	}
	return same
}

func readPreset(name string) (preset, error) {
	var p preset
	if !isPreset(name) {
		return p, fmt.Errorf("no preset is called %q; presets like it are %s", name, strings.Join(like(name), ", "))
	}
	raw, err := presetFiles.ReadFile("presets/" + name + ".json")
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, fmt.Errorf("preset %s: %w", name, err)
	}
	return p, nil
}

func loadPreset(name string) (Facts, error) {
	p, err := readPreset(name)
	if err != nil {
		return Facts{}, err
	}
	f, err := parseConfig("preset "+name, p.Config)
	if err != nil {
		return Facts{}, err
	}
	f.Name, f.Source = p.Name, p.Source
	return f, nil
}
