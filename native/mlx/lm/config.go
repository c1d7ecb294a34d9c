package lm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// config is a config.json, or the text_config in it. Reading a field that is
// needed and absent notes a problem; all are reported together.
type config struct {
	path     string
	within   string // "text_config." or ""
	fields   map[string]any
	problems []string
}

func readConfig(folder string) (*config, error) {
	path := filepath.Join(folder, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the model's configuration: %w", err)
	}
	c := &config{path: path}
	if err := json.Unmarshal(text, &c.fields); err != nil {
		return nil, fmt.Errorf("%s is not a JSON object: %w", path, err)
	}
	return c, nil
}

// section answers a nested object as a configuration of its own.
func (c *config) section(name string) *config {
	fields, ok := c.fields[name].(map[string]any)
	if !ok {
		c.note("%s is missing", name)
	}
	return &config{path: c.path, within: c.within + name + ".", fields: fields}
}

func (c *config) note(format string, args ...any) {
	c.problems = append(c.problems, c.within+fmt.Sprintf(format, args...))
}

// err reports everything that was noted, and nil without notes.
func (c *config) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s", c.path, strings.Join(c.problems, "; "))
}

// has reports that a field is there and not null.
func (c *config) has(name string) bool { return c.fields[name] != nil }

// field reads a field of type T; absent ones take the default, or are noted
// when there is none.
func field[T any](c *config, name string, fallback []T) (value T) {
	raw, found := c.fields[name]
	if !found || raw == nil {
		if len(fallback) > 0 {
			return fallback[0]
		}
		c.note("%s is missing", name)
		return value
	}
	value, ok := raw.(T)
	if !ok {
		c.note("%s is %v, not a %T", name, raw, value)
	}
	return value
}

// integer reads a whole number above 0.
func (c *config) integer(name string, fallback ...int) int {
	var floats []float64
	for _, n := range fallback {
		floats = append(floats, float64(n))
	}
	value := field(c, name, floats)
	if c.has(name) && (value != float64(int(value)) || value < 1 || value > 1<<31-1) {
		c.note("%s is %v, not a positive whole number", name, c.fields[name])
		return 1
	}
	return max(int(value), 1)
}

func (c *config) float(name string, fallback ...float64) float64 { return field(c, name, fallback) }
func (c *config) boolean(name string, fallback ...bool) bool     { return field(c, name, fallback) }
func (c *config) text(name string, fallback ...string) string    { return field(c, name, fallback) }

// floats reads a list of numbers, or nil when it is absent.
func (c *config) floats(name string) []float32 {
	var numbers []float32
	for _, raw := range field(c, name, [][]any{nil}) {
		number, ok := raw.(float64)
		if !ok {
			c.note("%s has %v in it, which is not a number", name, raw)
		}
		numbers = append(numbers, float32(number))
	}
	return numbers
}

// layerTypes reads layer_types: one of attention's two kinds for each layer.
func (c *config) layerTypes(layers int, fallback []string) []string {
	raw := field(c, "layer_types", [][]any{nil})
	if raw == nil {
		return fallback
	}
	var types []string
	for _, value := range raw {
		kind, _ := value.(string)
		if kind != fullAttention && kind != slidingAttention {
			c.note("layer_types has %v in it (known: %s, %s)", value, fullAttention, slidingAttention)
			kind = fullAttention
		}
		types = append(types, kind)
	}
	if len(types) != layers {
		c.note("layer_types has %d entries for %d layers", len(types), layers)
		types = slices.Repeat([]string{fullAttention}, layers)
	}
	return types
}

// The values of layer_types.
const (
	fullAttention    = "full_attention"
	slidingAttention = "sliding_attention"
)
