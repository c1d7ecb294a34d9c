package source

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"assay/predict/arch"
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

// like names the presets of the same maker, as the name before the first digit
// or dash tells; where there is none, one of each maker.
func like(name string) string {
	maker := makerOf(strings.ToLower(name))
	var same, first []string
	for _, preset := range Presets() {
		if maker != "" && strings.HasPrefix(preset, maker) {
			same = append(same, preset)
		}
		if len(first) == 0 || makerOf(first[len(first)-1]) != makerOf(preset) {
			first = append(first, preset)
		}
	}
	if len(same) == 0 {
		return "presets are " + strings.Join(first, ", ") + " and others of these makers"
	}
	return "presets like it are " + strings.Join(same, ", ")
}

func makerOf(name string) string {
	if i := strings.IndexAny(name, "0123456789-"); i > 0 {
		return name[:i]
	}
	return name
}

func readPreset(name string) (preset, error) {
	var p preset
	if !isPreset(name) {
		return p, fmt.Errorf("no preset is called %q; %s", name, like(name))
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

func loadPreset(name string) (arch.Facts, error) {
	p, err := readPreset(name)
	if err != nil {
		return arch.Facts{}, err
	}
	f, err := parse("preset "+name, p.Config)
	if err != nil {
		return arch.Facts{}, err
	}
	f.Name, f.Source = p.Name, p.Source
	return f, nil
}
