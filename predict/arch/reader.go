package arch

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
)

// value is one entry of a config with the path it was found at.
type value struct {
	path string
	data any
}

// reader reads facts out of one config. It notes where each came from and
// collects what is wrong, so that one pass reports everything.
type reader struct {
	file    string
	dialect dialect
	keys    map[string]value
	kind    *modelType // nil when unknown
	wrapper string     // model_type around the language model's config
	prov    map[string]Provenance
	errs    []error
}

// textConfigs are the places where multimodal configs keep their language model.
var textConfigs = []string{"text_config", "llm_config", "language_config"}

// newReader flattens a config: the language model's own keys win over the outer ones.
func newReader(file string, config map[string]any) *reader {
	r := &reader{file: file, dialect: configKeys, keys: map[string]value{}, prov: map[string]Provenance{}}
	for key, data := range config {
		r.keys[key] = value{key, data}
	}
	for _, nest := range textConfigs {
		inner, ok := config[nest].(map[string]any)
		if !ok {
			continue
		}
		for key, data := range inner {
			r.keys[key] = value{nest + "." + key, data}
		}
		if inner["model_type"] != nil {
			r.wrapper, _ = config["model_type"].(string)
		}
		break
	}
	return r
}

func (r *reader) fail(path, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s: %s: %s", r.file, path, fmt.Sprintf(format, args...)))
}

func (r *reader) err() error { return errors.Join(r.errs...) }

func (r *reader) note(field string, origin Origin, format string, args ...any) {
	r.prov[field] = Provenance{Origin: origin, Detail: fmt.Sprintf(format, args...)}
}

// find looks a fact up under all its names, then among the model type's
// defaults, and notes its provenance. A key that says null (or "auto") is an answer:
// the fact is absent, and the default does not apply.
func (r *reader) find(field string) (value, bool) {
	names := r.dialect[field].keys
	if r.kind != nil && r.kind.names[field] != nil {
		names = r.kind.names[field]
	}
	for _, name := range names {
		if v, ok := r.keys[name]; ok {
			r.note(field, FromFile, "%s of %s", v.path, r.file)
			return v, v.data != nil && v.data != "auto"
		}
	}
	if r.kind == nil {
		return value{path: names[0]}, false
	}
	for _, name := range names {
		if data, ok := r.kind.defaults[name]; ok {
			r.note(field, FromDefault, "%s of model type %s (%s)", name, r.kind.name, defaultsSource)
			return value{name, data}, true
		}
	}
	return value{path: names[0]}, false
}

// integer reads a fact that must be there.
func (r *reader) integer(field string) int64 {
	v, ok := r.find(field)
	if !ok {
		r.fail(v.path, "missing; add the key%s", r.otherNames(field))
		return 0
	}
	return r.checked(field, v.path, v.data)
}

func (r *reader) otherNames(field string) string {
	others := r.dialect[field].keys[1:]
	if len(others) == 0 {
		return ""
	}
	return " (it is also read as " + strings.Join(others, ", ") + ")"
}

// optional reads a fact that may be absent.
func (r *reader) optional(field string) (int64, bool) {
	v, ok := r.find(field)
	if !ok {
		return 0, false
	}
	return r.checked(field, v.path, v.data), true
}

// optionalOr is optional with what its absence means.
func (r *reader) optionalOr(field string, absent int64) int64 {
	if n, ok := r.optional(field); ok {
		return n
	}
	return absent
}

// perLayer reads a fact that is one number or a list with one per layer.
func (r *reader) perLayer(field string, layers int) ([]int64, bool) {
	v, ok := r.find(field)
	if !ok {
		return nil, false
	}
	out := make([]int64, layers)
	list, isList := v.data.([]any)
	if !isList {
		n := r.checked(field, v.path, v.data)
		for i := range out {
			out[i] = n
		}
		return out, true
	}
	if len(list) != layers {
		r.fail(v.path, "has %d entries for %d layers; give one per layer", len(list), layers)
		return out, true
	}
	for i, data := range list {
		out[i] = r.checked(field, fmt.Sprintf("%s[%d]", v.path, i), data)
	}
	return out, true
}

func (r *reader) checked(field, path string, data any) int64 {
	n, ok := asInteger(data)
	a := r.dialect[field]
	if !ok {
		r.fail(path, "%s is not a whole number; correct the key", show(data))
		return a.min
	}
	if n < a.min || n > a.max {
		r.fail(path, "%d is not between %d and %d; correct the key", n, a.min, a.max)
		return a.min
	}
	return n
}

// number reads a fact that may be fractional, 0 when absent.
func (r *reader) number(field string) float64 {
	v, ok := r.find(field)
	if !ok {
		return 0
	}
	f, ok := asFloat(v.data)
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
		r.fail(v.path, "%s is not a positive number; correct the key", show(v.data))
		return 0
	}
	return f
}

// flag reads a boolean key, or the model type's default for it.
func (r *reader) flag(field, name string) (set, present bool) {
	v, ok := r.keys[name]
	if ok && v.data != nil {
		b, isBool := v.data.(bool)
		if !isBool {
			r.fail(v.path, "%s is not true or false; correct the key", show(v.data))
		}
		r.note(field, FromFile, "%s of %s", v.path, r.file)
		return b, true
	}
	if r.kind == nil {
		return false, false
	}
	b, ok := r.kind.defaults[name].(bool)
	if ok {
		r.note(field, FromDefault, "%s of model type %s (%s)", name, r.kind.name, defaultsSource)
	}
	return b, ok
}

// strings reads a list of strings, nil when the key is absent.
func (r *reader) strings(name string, layers int) []string {
	v, ok := r.keys[name]
	if !ok || v.data == nil {
		return nil
	}
	list, _ := v.data.([]any)
	out := make([]string, 0, len(list))
	for _, data := range list {
		s, ok := data.(string)
		if !ok {
			r.fail(v.path, "%s is not a name; correct the key", show(data))
			return nil
		}
		out = append(out, s)
	}
	if len(out) != layers {
		r.fail(v.path, "has %d entries for %d layers; give one per layer", len(out), layers)
		return nil
	}
	return out
}

// text reads a string key, "" when absent.
func (r *reader) text(name string) string {
	s, _ := r.keys[name].data.(string)
	return s
}

func asInteger(data any) (int64, bool) {
	switch n := data.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case json.Number:
		if i, err := n.Int64(); err == nil {
			return i, true
		}
		f, err := n.Float64()
		if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return 0, false
		}
		return int64(f), true
	}
	return 0, false
}

func asFloat(data any) (float64, bool) {
	switch n := data.(type) {
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	i, ok := asInteger(data)
	return float64(i), ok
}

// show prints a value of a hostile file without printing all of it.
func show(data any) string {
	s := fmt.Sprintf("%v", data)
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return fmt.Sprintf("%q", s)
}
