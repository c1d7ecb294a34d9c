package results

import (
	"cmp"
	"path"
	"strconv"
	"strings"
)

// Model is what was run.
type Model struct {
	Ref string `json:"ref"`
	// HeaderSHA256, FileType ("Q4_K - Medium", as llama.cpp says it) and SizeBytes
	// are those of the file that was run, wherever it lay; absent for a skeleton.
	HeaderSHA256 string `json:"header_sha256,omitempty"`
	FileType     string `json:"file_type,omitempty"`
	SizeBytes    *int64 `json:"size_bytes,omitempty"`

	Name        string `json:"name"`
	Arch        string `json:"arch"`
	FactsSHA256 string `json:"facts_sha256,omitempty"`
	// Revision is that of the weights where they come from, as a hub names it.
	Revision    string `json:"revision,omitempty"`
	WeightBytes *int64 `json:"weight_bytes,omitempty"`
	NParams     *int64 `json:"n_params,omitempty"`
	// Skeleton is "kv" or "full" when random weights stood in for the model's.
	Skeleton string `json:"skeleton,omitempty"`
	// WeightType is the type in which a skeleton was written (f16, q4_K, ...).
	WeightType string `json:"weight_type,omitempty"`
}

// Weights is what the weights are packed in: as the file's people call it, or as
// a skeleton was asked for; empty where that is not known.
func (m Model) Weights() string { return cmp.Or(m.FileType, m.WeightType) }

// Called is what the model is called: its own name, or else its file's.
func (m Model) Called() string { return cmp.Or(m.Name, m.file()) }

// file is the name of the file, without its folder.
func (m Model) file() string { return path.Base(strings.ReplaceAll(m.Ref, `\`, "/")) }

// foreign reports whether the model is called after its file, as by tools that do
// not look into it.
func (m Model) foreign() bool { return m.Name == "" || m.Name == strings.TrimSuffix(m.file(), ".gguf") }

// shownOfHeader is how much of a header's hash is shown, and stands for it.
const shownOfHeader = 12

// Identity are the words of a key that tell the model from others, wherever its
// file is. The start of the header's hash stands for size and parameters; another
// tool's record has no hash, and has them.
func (m Model) Identity() []string {
	words := []string{m.Called()}
	if w := m.Weights(); w != "" {
		words = append(words, w)
	}
	switch {
	case m.Skeleton != "":
		return append(words, m.Skeleton+"-skeleton")
	case m.HeaderSHA256 != "":
		return append(words, "header="+m.HeaderSHA256[:min(len(m.HeaderSHA256), shownOfHeader)])
	}
	if m.SizeBytes != nil {
		words = append(words, "size="+strconv.FormatInt(*m.SizeBytes, 10))
		if m.NParams != nil {
			words = append(words, "params="+strconv.FormatInt(*m.NParams, 10))
		}
	}
	return words
}

// Same reports whether two records can be of one model: of what both know nothing
// differs. Another tool knows a model by its file's name, and an older record has
// neither type nor hash, so equal identities are surer.
func (m Model) Same(o Model) bool {
	if m.HeaderSHA256 != "" && o.HeaderSHA256 != "" {
		return m.HeaderSHA256 == o.HeaderSHA256 && m.Skeleton == o.Skeleton
	}
	named := m.Called() == o.Called() || (m.foreign() || o.foreign()) && m.Ref != "" && m.file() == o.file()
	return named && m.Skeleton == o.Skeleton && agree(m.Weights(), o.Weights()) &&
		sameSize(m, o) && agree(value(m.NParams), value(o.NParams))
}

// sameSize compares what was loaded where both know it, and else with the file's.
func sameSize(m, o Model) bool {
	if m.WeightBytes != nil && o.WeightBytes != nil {
		return *m.WeightBytes == *o.WeightBytes
	}
	return agree(value(cmp.Or(m.SizeBytes, m.WeightBytes)), value(cmp.Or(o.SizeBytes, o.WeightBytes)))
}

// Earlier is what records knew of the model before they had its file's identity.
func (m Model) Earlier() Model {
	return Model{Ref: m.Ref, Name: m.Name, Skeleton: m.Skeleton, WeightType: m.WeightType}
}

// Identified is the model with the identity of another record's, which is the same.
func (m Model) Identified(by Model) Model {
	m.HeaderSHA256, m.FileType, m.SizeBytes = by.HeaderSHA256, by.FileType, by.SizeBytes
	return m
}

// agree reports whether two values are the same, or one is not known.
func agree[T comparable](a, b T) bool {
	var unknown T
	return a == b || a == unknown || b == unknown
}

// value is a figure, 0 where it is not known.
func value(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}
