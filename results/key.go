package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Key names a case across runs: runtime, model and every parameter. Two
// records of different runs are compared when their keys are equal. It is one
// printable ASCII line, such as
//
//	llama.cpp qwen3-0.6b "Q4_K - Medium" header=3f1c09ab77de decode n_ctx=4096 n_gen=128 type_k=f16
//
// Parameters that are zero are left out and the rest stand in alphabetical
// order, so a parameter added to the format later leaves older keys as they
// were. The runtime's version, the machine and the path of the model are not
// part of it: those are what may differ between two runs.
type Key string

// Key returns the key of the record's case.
func (r Record) Key() Key {
	words := []string{quoted(r.Runtime.Name)}
	for _, word := range r.Model.Identity() {
		words = append(words, quoted(word))
	}
	words = append(words, quoted(string(r.Case.Kind)))
	return Key(strings.Join(append(words, r.Case.parameters()...), " "))
}

// EarlierKey returns the key that the case had before a file's identity was part of
// it. It is empty for a case whose key is what it was.
func (r Record) EarlierKey() Key {
	if r.Model.HeaderSHA256 == "" {
		return ""
	}
	r.Model = r.Model.Earlier()
	return r.Key()
}

// Words splits a key into its words; a quoted one may have spaces in it.
func (k Key) Words() []string {
	var words []string
	quoted, start := false, 0
	for i := 0; i <= len(k); i++ {
		switch {
		case i == len(k) || k[i] == ' ' && !quoted:
			words = append(words, string(k[start:min(i, len(k))]))
			start = i + 1
		case k[i] == '\\' && quoted:
			i++
		case k[i] == '"':
			quoted = !quoted
		}
	}
	return words
}

// parameters lists name=value for every setting that is not zero, sorted.
func (c Case) parameters() []string {
	var words []string
	at, none := &c, &Case{}
	for _, s := range Settings {
		if !s.Same(at, none) {
			words = append(words, s.Name+"="+quoted(fmt.Sprint(s.Of(c))))
		}
	}
	if c.Other != "" {
		words = append(words, "other="+quoted(c.Other))
	}
	slices.Sort(words)
	return words
}

// quoted returns s as it is when it is one plain word, and otherwise as a Go
// string in ASCII: a name with spaces, control bytes or nothing in it must
// neither look like two words nor reach a terminal unescaped.
func quoted(s string) string {
	plain := s != ""
	for _, c := range s {
		plain = plain && c > ' ' && c < 0x7f && c != '"'
	}
	if plain {
		return s
	}
	return strconv.QuoteToASCII(s)
}
