package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"assay/predict/arch"
)

// TextConfigs are the places where multimodal configs keep their language model.
var TextConfigs = []string{"text_config", "llm_config", "language_config"}

// newReader flattens a config: the language model's own keys win over the outer ones.
func newReader(file string, config map[string]any) *Reader {
	r := &Reader{File: file, Dialect: configKeys, Keys: map[string]Value{}, Prov: map[string]arch.Provenance{}}
	for key, data := range config {
		r.Keys[key] = Value{key, data}
	}
	for _, nest := range TextConfigs {
		inner, ok := config[nest].(map[string]any)
		if !ok {
			continue
		}
		for key, data := range inner {
			r.Keys[key] = Value{nest + "." + key, data}
		}
		if inner["model_type"] != nil {
			r.wrapper, _ = config["model_type"].(string)
		}
		break
	}
	return r
}

func (r *Reader) Fail(path, format string, args ...any) {
	r.Errs = append(r.Errs, fmt.Errorf("%s: %s: %s", r.File, path, fmt.Sprintf(format, args...)))
}

// Err is everything that is wrong, in one sentence, or nil.
func (r *Reader) Err() error {
	if len(r.Errs) < 2 {
		return errors.Join(r.Errs...)
	}
	return problems(r.Errs)
}

// problems are several errors in one line.
type problems []error

func (p problems) Error() string {
	words := make([]string, len(p))
	for i, err := range p {
		words[i] = err.Error()
	}
	return strings.Join(words, "; ")
}

func (p problems) Unwrap() []error { return p }

func (r *Reader) Note(field string, origin arch.Origin, format string, args ...any) {
	r.Prov[field] = arch.Provenance{Origin: origin, Detail: fmt.Sprintf(format, args...)}
}

// unset are what a key says that has no value: the fact is absent, and the
// default does not apply.
var unset = []any{nil, false, "auto", "none", "None", ""}

// find looks a fact up under all its names, then among the model type's
// defaults, and notes its provenance. A key that says null, false or "auto" is an answer.
func (r *Reader) find(field string) (Value, bool) {
	names := r.Dialect[field].keys
	if r.Kind != nil && r.Kind.names[field] != nil {
		names = r.Kind.names[field]
	}
	for _, name := range names {
		if v, ok := r.Keys[name]; ok {
			r.Note(field, arch.FromFile, "%s of %s", v.Path, r.File)
			return v, !isUnset(v.Data)
		}
	}
	if r.Kind == nil {
		return Value{Path: names[0]}, false
	}
	for _, name := range names {
		if data, ok := r.Kind.Defaults[name]; ok {
			r.Note(field, arch.FromDefault, "%s of model type %s (%s)", name, r.Kind.Name, defaultsSource)
			return Value{name, data}, true
		}
	}
	return Value{Path: names[0]}, false
}

func isUnset(data any) bool {
	switch data.(type) {
	case nil, bool, string:
		return slices.Contains(unset, data)
	}
	return false
}

// Integer reads a fact that must be there.
func (r *Reader) Integer(field string) int64 {
	v, ok := r.find(field)
	if !ok {
		r.Fail(v.Path, "missing; add the key%s", r.otherNames(field))
		return 0
	}
	return r.checked(field, v.Path, v.Data)
}

func (r *Reader) otherNames(field string) string {
	others := r.Dialect[field].keys[1:]
	if len(others) == 0 {
		return ""
	}
	return " (it is also read as " + strings.Join(others, ", ") + ")"
}

// Optional reads a fact that may be absent.
func (r *Reader) Optional(field string) (int64, bool) {
	v, ok := r.find(field)
	if !ok {
		return 0, false
	}
	return r.checked(field, v.Path, v.Data), true
}

// OptionalOr is optional with what its absence means.
func (r *Reader) OptionalOr(field string, absent int64) int64 {
	if n, ok := r.Optional(field); ok {
		return n
	}
	return absent
}

// PerLayer reads a fact that is one number or a list with one per layer.
func (r *Reader) PerLayer(field string, layers int) ([]int64, bool) {
	v, ok := r.find(field)
	if !ok {
		return nil, false
	}
	out := make([]int64, layers)
	list, isList := v.Data.([]any)
	if !isList {
		n := r.checked(field, v.Path, v.Data)
		for i := range out {
			out[i] = n
		}
		return out, true
	}
	if len(list) != layers {
		r.Fail(v.Path, "has %d entries for %d layers; give one per layer", len(list), layers)
		return out, true
	}
	for i, data := range list {
		out[i] = r.checked(field, fmt.Sprintf("%s[%d]", v.Path, i), data)
	}
	return out, true
}

func (r *Reader) checked(field, path string, data any) int64 {
	n, ok := AsInteger(data)
	a := r.Dialect[field]
	if !ok {
		r.Fail(path, "%s is not a whole number; correct the key", Show(data))
		return a.min
	}
	if n < a.min || n > a.max {
		r.Fail(path, "%d is not between %d and %d; correct the key", n, a.min, a.max)
		return a.min
	}
	return n
}

// Number reads a fact that may be fractional, 0 when absent.
func (r *Reader) Number(field string) float64 {
	v, ok := r.find(field)
	if !ok {
		return 0
	}
	f, ok := asFloat(v.Data)
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
		r.Fail(v.Path, "%s is not a positive number; correct the key", Show(v.Data))
		return 0
	}
	return f
}

// Flag reads a boolean key, or the model type's default for it.
func (r *Reader) Flag(field, name string) (set, present bool) {
	v, ok := r.Keys[name]
	if ok && v.Data != nil {
		b, isBool := v.Data.(bool)
		if !isBool {
			r.Fail(v.Path, "%s is not true or false; correct the key", Show(v.Data))
		}
		r.Note(field, arch.FromFile, "%s of %s", v.Path, r.File)
		return b, true
	}
	if r.Kind == nil {
		return false, false
	}
	b, ok := r.Kind.Defaults[name].(bool)
	if ok {
		r.Note(field, arch.FromDefault, "%s of model type %s (%s)", name, r.Kind.Name, defaultsSource)
	}
	return b, ok
}

// strings reads a list of strings, nil when the key is absent.
func (r *Reader) strings(name string, layers int) []string {
	v, ok := r.Keys[name]
	if !ok || v.Data == nil {
		return nil
	}
	list, _ := v.Data.([]any)
	out := make([]string, 0, len(list))
	for _, data := range list {
		s, ok := data.(string)
		if !ok {
			r.Fail(v.Path, "%s is not a name; correct the key", Show(data))
			return nil
		}
		out = append(out, s)
	}
	if len(out) != layers {
		r.Fail(v.Path, "has %d entries for %d layers; give one per layer", len(out), layers)
		return nil
	}
	return out
}

// text reads a string key, "" when absent.
func (r *Reader) text(name string) string {
	s, _ := r.Keys[name].Data.(string)
	return s
}

func AsInteger(data any) (int64, bool) {
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
	i, ok := AsInteger(data)
	return float64(i), ok
}

// Show prints a value of a hostile file without printing all of it.
func Show(data any) string {
	s := fmt.Sprintf("%v", data)
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return fmt.Sprintf("%q", s)
}
