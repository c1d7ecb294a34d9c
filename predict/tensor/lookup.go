package tensor

import (
	"regexp"
	"slices"
	"sync"
)

type placeKey struct {
	stem    string
	outside bool
}

var (
	memo     sync.Map // placeKey to []string: a table names each stem once a layer
	byKind   = map[string]Row{}
	patterns = make([]*regexp.Regexp, len(catalogue))
)

// Of finds a tensor by its stem in a GGUF.
func Of(stem string) (Row, bool) {
	r, ok := byKind[stem]
	return r, ok
}

// Kinds are the kinds that a stem can be of, in a GGUF or a folder; which of
// them it is, the layer decides that has one of them.
func (p Place) Kinds() []string {
	key := placeKey{p.Stem, p.Block < 0 && !p.Draft}
	if list, ok := memo.Load(key); ok {
		return list.([]string)
	}
	var out []string
	for i, r := range catalogue {
		if r.Stem() == p.Stem || patterns[i] != nil && (key.outside || !r.Outside) && patterns[i].MatchString(p.Stem) {
			out = append(out, r.Kind)
		}
	}
	memo.Store(key, out)
	return out
}

// Is says whether the stem can be of the kind.
func (p Place) Is(kind string) bool { return slices.Contains(p.Kinds(), kind) }

func init() {
	for i, r := range catalogue {
		byKind[r.Kind] = r
		if r.HF != "" {
			patterns[i] = regexp.MustCompile("^(?:" + r.HF + ")$")
		}
	}
}
