// Package halves splits a record into what is the same every night and what is not, and joins
// them again.
package halves

import (
	"bytes"
	"encoding/json"
	"fmt"

	"assay/results"
)

// constantFields are the parts of a record that are the same every night, and
// most of its size. All other fields, and any that is added to the record
// later, stay in the record's own row.
var constantFields = map[string][]string{
	"":          {"runtime", "model", "case", "checks", "verdicts"},
	"predicted": {"kv_layers", "cost"},
	"measured":  {"kv_layers", "flops_by_op"},
}

// Split returns the record's JSON in two halves; merging them gives it back.
func Split(rec results.Record) (constant, body []byte, err error) {
	text, err := json.Marshal(rec)
	if err != nil {
		return nil, nil, err
	}
	var rest map[string]json.RawMessage
	if err := json.Unmarshal(text, &rest); err != nil {
		return nil, nil, err
	}
	part := move(rest, constantFields[""])
	for _, parent := range []string{"predicted", "measured"} {
		if rest[parent] == nil {
			continue
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(rest[parent], &fields); err != nil {
			return nil, nil, err
		}
		moved := move(fields, constantFields[parent])
		if part[parent], err = json.Marshal(moved); err != nil {
			return nil, nil, err
		}
		if rest[parent], err = json.Marshal(fields); err != nil {
			return nil, nil, err
		}
	}
	if constant, err = json.Marshal(part); err != nil {
		return nil, nil, err
	}
	body, err = json.Marshal(rest)
	return constant, body, err
}

// move takes the named fields out of from.
func move(from map[string]json.RawMessage, names []string) map[string]json.RawMessage {
	moved := map[string]json.RawMessage{}
	for _, name := range names {
		if v, ok := from[name]; ok {
			moved[name] = v
			delete(from, name)
		}
	}
	return moved
}

// Merge returns the record whose constant half was decoded before. The slices
// and maps of that half are shared by every record that has it.
func Merge(constant results.Record, body []byte) (results.Record, error) {
	rec := constant
	if rec.Predicted != nil {
		predicted := *rec.Predicted
		rec.Predicted = &predicted
	}
	if rec.Measured != nil {
		measured := *rec.Measured
		rec.Measured = &measured
	}
	if err := json.Unmarshal(body, &rec); err != nil {
		return results.Record{}, fmt.Errorf("a stored record is damaged: %w", err)
	}
	return rec, nil
}

// Equal reports whether the two halves are those of rec. Both go through this
// program's record, so that a field added since they were stored does not
// make them differ.
func Equal(constant, body []byte, rec results.Record) (bool, error) {
	var stored results.Record
	if err := json.Unmarshal(constant, &stored); err != nil {
		return false, fmt.Errorf("a stored record is damaged: %w", err)
	}
	stored, err := Merge(stored, body)
	if err != nil {
		return false, err
	}
	if stored.Model.HeaderSHA256 == "" && stored.Model.Same(rec.Model) {
		stored.Model = stored.Model.Identified(rec.Model) // as it was read, if rec comes from a store
	}
	a, err := json.Marshal(stored)
	if err != nil {
		return false, err
	}
	b, err := json.Marshal(rec)
	return bytes.Equal(a, b), err
}
