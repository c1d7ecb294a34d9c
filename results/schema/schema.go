// Package schema derives JSON Schemas (draft 2020-12) from Go types and the table of
// settings, so that other programs can check records and editors complete suites. What
// it says follows from the types; it holds no list of fields of its own.
package schema

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"assay/results"
)

// Node is a schema or a part of one.
type Node = map[string]any

const draft = "https://json-schema.org/draft/2020-12/schema"

// Maker derives schemas from types.
type Maker struct {
	// Tag is where a field's name stands: json or yaml. Fields of JSON that are never
	// left out are required, and others may be there: a later record has more. YAML is
	// written by people: nothing is required, and what is not known is a mistake.
	Tag string
	// Special are the schemas of types that are written in a way of their own, and of
	// fields by their names.
	Special map[reflect.Type]Node
	Fields  map[string]Node

	// named are the structs that were met, which refer to one another by their names.
	named map[string]Node
}

// Of is the schema of a whole document.
func (m Maker) Of(t reflect.Type, title string) Node {
	m.named = map[string]Node{}
	n := m.object(t)
	n["$schema"], n["title"] = draft, title
	if len(m.named) > 0 {
		n["$defs"] = m.named
	}
	return n
}

func (m Maker) node(t reflect.Type) Node {
	if special, ok := m.Special[t]; ok {
		return special
	}
	if t == reflect.TypeFor[time.Time]() {
		return Node{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return m.node(t.Elem())
	case reflect.Struct:
		return m.structure(t)
	case reflect.Slice:
		return Node{"type": "array", "items": m.node(t.Elem())}
	case reflect.Array:
		return Node{"type": "array", "items": m.node(t.Elem()), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return Node{"type": "object", "additionalProperties": m.node(t.Elem())}
	case reflect.String:
		return Node{"type": "string"}
	case reflect.Bool:
		return Node{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return Node{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return Node{"type": "integer"}
	}
	panic(fmt.Sprintf("no schema for %v", t)) // a test derives all there are
}

// structure is the schema of a struct, by its name if it has one: memory has devices,
// which have memory.
func (m Maker) structure(t reflect.Type) Node {
	name := t.Name()
	if name == "" {
		return m.object(t)
	}
	if m.named[name] == nil {
		m.named[name] = Node{} // for what refers to it from within
		m.named[name] = m.object(t)
	}
	return Node{"$ref": "#/$defs/" + name}
}

func (m Maker) object(t reflect.Type) Node {
	properties, required := Node{}, []string{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get(m.Tag), ",")
		if !f.IsExported() || name == "" || name == "-" {
			continue
		}
		property, ok := m.Fields[name]
		if !ok {
			property = m.node(f.Type)
		}
		properties[name] = property
		if m.Tag == "json" && !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	n := Node{"type": "object", "properties": properties}
	if len(required) > 0 {
		n["required"] = required
	}
	if m.Tag == "yaml" {
		n["additionalProperties"] = false
	}
	return n
}

// Record is the schema of a line of a run.
func Record() Node {
	words := map[reflect.Type]Node{
		reflect.TypeFor[results.Status](): {"enum": []results.Status{results.StatusOK, results.StatusFailed, results.StatusSkipped}},
		reflect.TypeFor[results.Kind]():   Kinds(),
	}
	n := Maker{Tag: "json", Special: words}.Of(reflect.TypeFor[results.Record](), "assay record")
	n["properties"].(Node)["schema"] = Node{"const": results.Schema}
	return n
}

// Kinds is the schema of a kind of case.
func Kinds() Node {
	return Node{"enum": []results.Kind{results.KindKV, results.KindPlan, results.KindPrefill, results.KindDecode}}
}

// Values is the schema of a list of a setting's values, with what the setting does.
func Values(s results.Setting) Node {
	var one Node
	switch {
	case len(s.Values) > 0:
		var words []any
		for _, w := range s.Values {
			words = append(words, w.Value)
		}
		for _, w := range s.Usual {
			words = append(words, w)
		}
		one = Node{"enum": words}
	case s.IsNumber():
		one = Node{"type": "integer", "minimum": s.Least, "maximum": s.Most}
	case s.IsSwitch():
		one = Node{"type": "boolean"}
	default:
		one = Node{"type": "string"}
	}
	return Node{"type": "array", "items": one, "description": strings.ReplaceAll(s.Usage(), "`", "")}
}
