package suite

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"

	"assay/predict/document"
	"assay/results"
	"assay/results/schema"
)

// A suite's file is read into a struct that is made from the table of settings:
// a list for each, under its name in records. So the parser itself knows the
// keys, says where one is that it does not know, and follows anchors.

// groupType is the type of a group in a file: CaseGroup's fields, then the settings'.
func groupType() reflect.Type {
	var fields []reflect.StructField
	for _, f := range reflect.VisibleFields(reflect.TypeFor[CaseGroup]()) {
		if f.Tag.Get("yaml") != "-" {
			fields = append(fields, reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag})
		}
	}
	for i, s := range results.Settings {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("Setting%d", i), Type: reflect.SliceOf(reflect.TypeOf(s.Of(results.Case{}))),
			Tag: reflect.StructTag(fmt.Sprintf("yaml:%q", s.Name)),
		})
	}
	return reflect.StructOf(fields)
}

// fileType is the type of a whole file.
func fileType() reflect.Type {
	var fields []reflect.StructField
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Suite]()) {
		if !f.IsExported() {
			continue
		}
		if f.Tag.Get("yaml") == casesKey {
			f.Type = reflect.SliceOf(groupType())
		}
		fields = append(fields, reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag})
	}
	return reflect.StructOf(fields)
}

const casesKey = "cases"

// decode reads a suite from its text.
func decode(text []byte) (Suite, error) {
	file := reflect.New(fileType())
	if err := document.Unmarshal(text, file.Interface(), yaml.Strict()); err != nil {
		return Suite{}, err
	}
	var s Suite
	to := reflect.ValueOf(&s).Elem()
	for i := range file.Elem().NumField() {
		f := file.Elem().Type().Field(i)
		if f.Tag.Get("yaml") != casesKey {
			to.FieldByName(f.Name).Set(file.Elem().Field(i))
			continue
		}
		for k := range file.Elem().Field(i).Len() {
			s.Groups = append(s.Groups, groupOf(file.Elem().Field(i).Index(k)))
		}
	}
	return s, nil
}

// groupOf is a group as the file has it.
func groupOf(v reflect.Value) CaseGroup {
	g := CaseGroup{Settings: Lists{}}
	to := reflect.ValueOf(&g).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		s, ok := results.SettingNamed(f.Tag.Get("yaml"))
		if !ok {
			to.FieldByName(f.Name).Set(v.Field(i))
			continue
		}
		for k := range v.Field(i).Len() {
			g.Settings[s.Name] = append(g.Settings[s.Name], canonical(s, v.Field(i).Index(k).Interface()))
		}
	}
	return g
}

// canonical is a word as records have it; one that the setting does not know is
// left for its check.
func canonical(s results.Setting, v any) any {
	word, ok := v.(string)
	if !ok {
		return v
	}
	if known, err := s.Parse(word); err == nil {
		return known
	}
	return word
}

// keysOf lists the keys that a suite file may have for the struct.
func keysOf(t reflect.Type) string {
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		if key := f.Tag.Get("yaml"); key != "" && key != "-" {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, ", ")
}

// Schema is the JSON Schema of a suite's file.
func Schema() schema.Node {
	fields := map[string]schema.Node{}
	for _, s := range results.Settings {
		fields[s.Name] = schema.Values(s)
	}
	return schema.Maker{Tag: "yaml", Fields: fields, Special: map[reflect.Type]schema.Node{
		reflect.TypeFor[results.Kind](): schema.Kinds(),
		reflect.TypeFor[Duration]():     {"type": "string", "description": "a duration: 90s, 10m, 2h30m"},
	}}.Of(fileType(), "assay suite")
}
