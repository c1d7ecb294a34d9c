package config

import (
	"bytes"
	"encoding/json"
	"regexp"
)

// DecodeObject reads a config.json as Python's json module does, which writes
// what is published: numbers keep their digits, Infinity and NaN are the words
// that they are, and a byte order mark in front is none.
func DecodeObject(raw []byte) (map[string]any, error) {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(quoteWords(bytes.TrimPrefix(raw, []byte("\ufeff")))))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	return object, nil
}

// literal is a string, or one of the numbers that Python writes and JSON lacks.
var literal = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b`)

// quoteWords makes strings of those numbers, which no fact can be.
func quoteWords(raw []byte) []byte {
	if !bytes.Contains(raw, []byte("Infinity")) && !bytes.Contains(raw, []byte("NaN")) {
		return raw
	}
	return literal.ReplaceAllFunc(raw, func(found []byte) []byte {
		if found[0] == '"' {
			return found
		}
		return []byte(`"` + string(found) + `"`)
	})
}
