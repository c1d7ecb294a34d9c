// Package folder reads what lies in a model's folder: its config.json with the
// quantisation that it names, and the headers of its safetensors files, checked
// against the files' sizes. It must not know of families or of arrays.
package folder

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Config is a config.json, or the text_config in it. Reading a field that is
// needed and absent notes a problem; all are reported together.
type Config struct {
	Path     string
	within   string // "text_config." or ""
	Fields   map[string]any
	Problems []string
	parent   *Config // that takes the problems in this one's place
}

func ReadConfig(folder string) (*Config, error) {
	path := filepath.Join(folder, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the model's configuration: %w", err)
	}
	return ParseConfig(path, text)
}

// ParseConfig reads the text of a config.json; path is for messages.
func ParseConfig(path string, text []byte) (*Config, error) {
	c := &Config{Path: path}
	if err := json.Unmarshal(text, &c.Fields); err != nil {
		return nil, fmt.Errorf("%s is not a JSON object: %w", path, err)
	}
	return c, nil
}

// Section returns a nested object as a configuration of its own.
func (c *Config) Section(name string) *Config {
	fields, ok := c.Fields[name].(map[string]any)
	if !ok {
		c.Note("%s is missing", name)
	}
	return &Config{Path: c.Path, within: c.within + name + ".", Fields: fields}
}

// Part returns a nested object that may be absent or null, nil then. What is
// noted of it is noted here.
func (c *Config) Part(name string) *Config {
	if fields, ok := c.Fields[name].(map[string]any); ok {
		return &Config{Path: c.Path, within: c.within + name + ".", Fields: fields, parent: c}
	}
	if c.Has(name) {
		c.Note("%s is %v, not an object", name, c.Fields[name])
	}
	return nil
}

// Note notes a problem.
func (c *Config) Note(format string, args ...any) {
	problem := c.within + fmt.Sprintf(format, args...)
	for c.parent != nil {
		c = c.parent
	}
	c.Problems = append(c.Problems, problem)
}

// Err reports everything that was noted, and nil without notes.
func (c *Config) Err() error {
	if len(c.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s", c.Path, strings.Join(c.Problems, "; "))
}

// Has reports that a field is there and not null.
func (c *Config) Has(name string) bool { return c.Fields[name] != nil }

// field reads a field of type T; absent ones take the default, or are noted
// when there is none.
func field[T any](c *Config, name string, fallback []T) (value T) {
	raw, found := c.Fields[name]
	if !found || raw == nil {
		if len(fallback) > 0 {
			return fallback[0]
		}
		c.Note("%s is missing", name)
		return value
	}
	value, ok := raw.(T)
	if !ok {
		c.Note("%s is %v, not a %T", name, raw, value)
	}
	return value
}

// Integer reads a whole number above 0.
func (c *Config) Integer(name string, fallback ...int) int {
	var floats []float64
	for _, n := range fallback {
		floats = append(floats, float64(n))
	}
	value := field(c, name, floats)
	if c.Has(name) && (value != float64(int(value)) || value < 1 || value > 1<<31-1) {
		c.Note("%s is %v, not a positive whole number", name, c.Fields[name])
		return 1
	}
	return max(int(value), 1)
}

func (c *Config) Float(name string, fallback ...float64) float64 { return field(c, name, fallback) }
func (c *Config) Boolean(name string, fallback ...bool) bool     { return field(c, name, fallback) }
func (c *Config) Text(name string, fallback ...string) string    { return field(c, name, fallback) }

// Count reads a whole number that may be 0.
func (c *Config) Count(name string, fallback ...int) int {
	if c.Has(name) && c.Fields[name] == 0.0 {
		return 0
	}
	if !c.Has(name) && len(fallback) > 0 {
		return fallback[0]
	}
	return c.Integer(name)
}

// Null reports that a field is there and null.
func (c *Config) Null(name string) bool {
	value, there := c.Fields[name]
	return there && value == nil
}

// Default gives a field a number where it is absent or null.
func (c *Config) Default(name string, number any) {
	if c.Has(name) {
		return
	}
	switch n := number.(type) {
	case int:
		c.Fields[name] = float64(n)
	default:
		c.Fields[name] = n
	}
}

// Texts reads a list of words, or nil when it is absent.
func (c *Config) Texts(name string) []string {
	var words []string
	for _, raw := range field(c, name, [][]any{nil}) {
		word, ok := raw.(string)
		if !ok {
			c.Note("%s has %v in it, which is not a word", name, raw)
		}
		words = append(words, word)
	}
	return words
}

// Numbers reads a list of numbers, each as it is or as {"__float__": "Infinity"};
// nil when it is absent.
func (c *Config) Numbers(name string) []float64 {
	var numbers []float64
	for _, raw := range field(c, name, [][]any{nil}) {
		number, ok := raw.(float64)
		if coded, isCoded := raw.(map[string]any); isCoded {
			text, _ := coded["__float__"].(string)
			parsed, err := strconv.ParseFloat(text, 64)
			number, ok = parsed, err == nil
		}
		if !ok {
			c.Note("%s has %v in it, which is not a number", name, raw)
		}
		numbers = append(numbers, number)
	}
	return numbers
}

// Floats reads a list of numbers, or nil when it is absent.
func (c *Config) Floats(name string) []float32 {
	var numbers []float32
	for _, raw := range field(c, name, [][]any{nil}) {
		number, ok := raw.(float64)
		if !ok {
			c.Note("%s has %v in it, which is not a number", name, raw)
		}
		numbers = append(numbers, float32(number))
	}
	return numbers
}

// LayerTypes reads layer_types: one of attention's two kinds for each layer.
func (c *Config) LayerTypes(layers int, fallback []string) []string {
	raw := field(c, "layer_types", [][]any{nil})
	if raw == nil {
		return fallback
	}
	var types []string
	for _, value := range raw {
		kind, _ := value.(string)
		if kind != FullAttention && kind != SlidingAttention {
			c.Note("layer_types has %v in it (known: %s, %s)", value, FullAttention, SlidingAttention)
			kind = FullAttention
		}
		types = append(types, kind)
	}
	if len(types) != layers {
		c.Note("layer_types has %d entries for %d layers", len(types), layers)
		types = slices.Repeat([]string{FullAttention}, layers)
	}
	return types
}

// The values of layer_types.
const (
	FullAttention    = "full_attention"
	SlidingAttention = "sliding_attention"
)
