package llamabench

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/results"
)

// column is one of llama-bench's: a field of Row, or a setting of its case.
type column struct {
	name    string
	kind    reflect.Kind // String, Int64 or Float64; Slice for what only JSON has
	field   int
	setting *results.Setting
}

// columns are all, in llama-bench's order.
func columns() []column {
	fields := map[string]column{}
	row := reflect.TypeFor[Row]()
	for i := range row.NumField() {
		t := row.Field(i).Type
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		name := row.Field(i).Tag.Get("json")
		fields[name] = column{name: name, kind: t.Kind(), field: i}
	}
	settings, left := map[string]column{}, []column{}
	for i, s := range results.Settings {
		if s.LlamaBench[0] == "" {
			continue
		}
		settings[s.Name] = column{name: s.Name, kind: kindOf(s), setting: &results.Settings[i]}
		if !slices.Contains(order, s.Name) {
			left = append(left, settings[s.Name])
		}
	}
	var all []column
	for _, name := range order {
		if c, ok := settings[name]; ok {
			all = append(all, c)
		} else if c, ok := fields[name]; ok {
			all = append(all, c)
		} else if name == others {
			all = append(all, left...)
		}
	}
	return all
}

// kindOf is how llama-bench writes a setting: as a number where its words have one.
func kindOf(s results.Setting) reflect.Kind {
	if s.IsNumber() || s.IsSwitch() || len(s.Values) > 0 && s.Values[0].LlamaBench != "" {
		return reflect.Int64
	}
	return reflect.String
}

// flat are the columns that CSV and SQL have too.
func flat() []column {
	return slices.DeleteFunc(columns(), func(c column) bool { return c.kind == reflect.Slice })
}

func (c column) value(row *Row) reflect.Value { return reflect.ValueOf(row).Elem().Field(c.field) }

// text returns the column of a row as CSV and SQL have it; unknown is "".
func (c column) text(row *Row) string {
	if c.setting != nil {
		return settingText(*c.setting, row.Case)
	}
	v := c.value(row)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Float64 {
		return strconv.FormatFloat(v.Float(), 'f', 6, 64)
	}
	return fmt.Sprint(v.Interface())
}

// settingText is a setting as llama-bench writes it; a runtime without a switch
// has it off.
func settingText(s results.Setting, c results.Case) string {
	text := s.LlamaBenchText(s.Of(c))
	if on, ok := s.Of(c).(bool); ok && on {
		return "1"
	}
	if kindOf(s) == reflect.Int64 && (text == "" || s.IsSwitch()) {
		return "0"
	}
	return text
}

// words are what some releases write for a number.
var words = map[string]string{"true": "1", "false": "0", "auto": "-1", "on": "1", "off": "0"}

// set is the reverse of text.
func (c column) set(row *Row, text string) error {
	if text == "" && c.kind != reflect.String || c.setting != nil && text == "" {
		return nil
	}
	if c.kind == reflect.Int64 {
		text = cmp.Or(words[text], text)
	}
	if c.setting != nil {
		return c.setSetting(row, text)
	}
	v := c.value(row)
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch c.kind {
	case reflect.String:
		v.SetString(text)
	case reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%s is %q, not a whole number", c.name, text)
		}
		v.SetInt(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%s is %q, not a number", c.name, text)
		}
		v.SetFloat(f)
	}
	return nil
}

func (c column) setSetting(row *Row, text string) error {
	v, err := c.setting.Parse(text)
	if err != nil && c.setting.IsNumber() {
		return fmt.Errorf("%s is %q, not a whole number", c.name, text)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	c.setting.Put(&row.Case, v)
	return nil
}

// MarshalJSON writes the columns in llama-bench's order; what is not known is
// left out.
func (r Row) MarshalJSON() ([]byte, error) {
	var out []byte
	for _, c := range columns() {
		var value any
		switch v := c.value(&r); {
		case c.setting != nil && booleans[c.name]:
			value = c.text(&r) == "1"
		case c.setting != nil && kindOf(*c.setting) == reflect.Int64:
			value = json.Number(c.text(&r))
		case c.setting != nil:
			value = c.text(&r)
		case (v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice) && v.IsNil():
			continue
		default:
			value = v.Interface()
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		out = fmt.Appendf(out, ",%q:%s", c.name, bytes.TrimSpace(text.Bytes()))
	}
	out[0] = '{'
	return append(out, '}'), nil
}

// take sets a column from a file's text.
func (c column) take(row *Row, text string) error {
	if loose[c.name] {
		if err := c.set(row, text); text != "" && err != nil && c.setting != nil && len(c.setting.Usual) > 0 {
			row.Case.Other = strings.TrimSpace(row.Case.Other + " " + c.name + "=" + text) // told apart all the same
		}
		return nil // what else is not understood keeps its default
	}
	return c.set(row, text)
}

// FromColumns makes a row of the values of named columns; unknown names are
// ignored, and names that a release does not have keep their defaults.
func FromColumns(names, values []string) (Row, error) {
	row := defaults()
	if len(names) != len(values) {
		return row, fmt.Errorf("%d values for %d columns", len(values), len(names))
	}
	byName := map[string]column{}
	for _, c := range flat() {
		byName[c.name] = c
	}
	for i, name := range names {
		if c, ok := byName[name]; ok {
			if err := c.take(&row, values[i]); err != nil {
				return row, err
			}
		}
	}
	return row, row.check()
}

// check refuses a row that no test can have written.
func (r Row) check() error {
	switch {
	case r.Case.NPrompt < 0 || r.Case.NGen < 0 || r.Case.NDepth < 0 || r.Case.NPrompt+r.Case.NGen == 0:
		return fmt.Errorf("%d prompt and %d generated tokens behind %d; a test processes at least one token",
			r.Case.NPrompt, r.Case.NGen, r.Case.NDepth)
	case r.AvgNS <= 0:
		return fmt.Errorf("avg_ns is %d; a test takes at least 1 ns", r.AvgNS)
	}
	if _, err := time.Parse(time.RFC3339, r.TestTime); err != nil {
		return fmt.Errorf("test_time is %q, not a time like 2026-11-20T02:00:00Z", r.TestTime)
	}
	return nil
}
