package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"assay/results"
)

// constant is the half of records that repeats.
type constant struct {
	sha256 string
	record results.Record
}

var errConstant = errors.New("what some records have in common was changed since it was stored; import the run from its file into " +
	"another store")

// modelOf reads what is known of a series' model; an empty text is nothing.
func modelOf(text string) (results.Model, error) {
	var m results.Model
	if text == "" {
		return m, nil
	}
	err := json.Unmarshal([]byte(text), &m)
	return m, err
}

// sumOf binds the two halves of a record.
func sumOf(constant string, body []byte) string {
	sum := sha256.Sum256(append([]byte(constant), body...))
	return hex.EncodeToString(sum[:16])
}

// unchanged says whether a text is that of its hash.
func unchanged(hash string, body []byte) bool {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]) == hash
}
