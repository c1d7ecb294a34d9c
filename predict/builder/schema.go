package builder

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// schemaText is the published JSON Schema of a config.
//
//go:embed model-config.schema.json
var schemaText []byte

// schema is the part of JSON Schema (draft 2020-12) that configs need.
type schema struct {
	Type       string             `json:"type"`
	Const      any                `json:"const"`
	Minimum    *float64           `json:"minimum"`
	MinLength  int                `json:"minLength"`
	Required   []string           `json:"required"`
	Properties map[string]*schema `json:"properties"`
	Additional json.RawMessage    `json:"additionalProperties"`
	Items      *schema            `json:"items"`
}

// ValidateJSON holds a config against the schema and names every place that
// does not fit.
func ValidateJSON(config []byte) error {
	var s schema
	if err := json.Unmarshal(schemaText, &s); err != nil {
		return fmt.Errorf("the schema itself: %w", err)
	}
	var value any
	if err := json.Unmarshal(config, &value); err != nil {
		return fmt.Errorf("is no JSON: %w", err)
	}
	return errors.Join(s.check("config", value)...)
}

func (s *schema) check(at string, value any) []error {
	if s == nil {
		return nil
	}
	if have := typeOf(value); s.Type != "" && have != s.Type && !(s.Type == "number" && have == "integer") {
		return []error{fmt.Errorf("%s: is of type %s, not %s", at, have, s.Type)}
	}
	if s.Const != nil && value != s.Const {
		return []error{fmt.Errorf("%s: is %v, not %v", at, value, s.Const)}
	}
	switch v := value.(type) {
	case float64:
		if s.Minimum != nil && v < *s.Minimum {
			return []error{fmt.Errorf("%s: %v is below %v", at, v, *s.Minimum)}
		}
	case string:
		if len(v) < s.MinLength {
			return []error{fmt.Errorf("%s: %q is too short", at, v)}
		}
	case []any:
		return s.checkItems(at, v)
	case map[string]any:
		return s.checkObject(at, v)
	}
	return nil
}

func (s *schema) checkItems(at string, list []any) []error {
	var errs []error
	for i, v := range list {
		errs = append(errs, s.Items.check(fmt.Sprintf("%s[%d]", at, i), v)...)
	}
	return errs
}

func (s *schema) checkObject(at string, object map[string]any) []error {
	var errs []error
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			errs = append(errs, fmt.Errorf("%s: %s is missing", at, name))
		}
	}
	rest := &schema{}
	if len(s.Additional) > 0 && string(s.Additional) != "false" {
		if err := json.Unmarshal(s.Additional, rest); err != nil {
			return append(errs, fmt.Errorf("the schema itself: additionalProperties: %w", err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inner, ok := s.Properties[name]
		if !ok && string(s.Additional) == "false" {
			errs = append(errs, fmt.Errorf("%s: %s is not in the schema", at, name))
			continue
		}
		if !ok {
			inner = rest
		}
		errs = append(errs, inner.check(at+"."+name, object[name])...)
	}
	return errs
}

// typeOf is JSON Schema's name of a decoded value's type.
func typeOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	}
	return "object"
}
