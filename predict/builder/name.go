package builder

import (
	"regexp"
	"strconv"
	"strings"
)

// place is what a tensor's name says.
type place struct {
	// block is the layer's number, or -1.
	block int
	// stem is the name without its block in front and its kind behind, experts
	// numbered N.
	stem string
	kind nameKind
	// draft: the tensor is of a module for multi-token prediction, whose blocks
	// are numbered anew.
	draft bool
	// tower is the part of a multimodal model that the facts leave out, or "".
	tower string
}

type nameKind int

const (
	weightName nameKind = iota
	biasName
	scaleName // of packed weights; counted in no parameter count
)

var (
	blockName  = regexp.MustCompile(`^(?:blk|(?:.*\.)?(?:layers|h|blocks))\.(\d+)\.(.+)$`)
	towerName  = regexp.MustCompile(`^(?:model\.)?([\w]*(?:vision|visual|audio|image|multi_modal|mm_)[\w]*)\.`)
	draftName  = regexp.MustCompile(`^(?:model\.)?mtp\.`)
	wrapper    = regexp.MustCompile(`^(?:(?:model|language_model|backbone|transformer)\.)+`)
	expertName = regexp.MustCompile(`\.experts\.\d+\.`)

	kinds = []struct {
		suffix *regexp.Regexp
		kind   nameKind
	}{
		{regexp.MustCompile(`\.(?:scales|biases|weight_scale(?:_inv)?|weight_scales)$`), scaleName},
		{regexp.MustCompile(`[._]bias$`), biasName},
		{regexp.MustCompile(`\.weight$`), weightName},
	}
)

func placeOf(name string) place {
	p := place{block: -1, stem: name}
	if m := towerName.FindStringSubmatch(name); m != nil {
		p.tower = m[1]
	}
	if at := draftName.FindStringIndex(name); at != nil {
		p.draft, p.stem = true, name[at[1]:]
		name = p.stem
	}
	if m := blockName.FindStringSubmatch(name); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			p.block, p.stem = n, m[2]
		}
	} else if !p.draft {
		p.stem = wrapper.ReplaceAllString(name, "")
	}
	p.stem = expertName.ReplaceAllString(p.stem, ".experts.N.")
	for _, k := range kinds {
		if at := k.suffix.FindStringIndex(p.stem); at != nil {
			p.stem, p.kind = p.stem[:at[0]], k.kind
			break
		}
	}
	return p
}

// pattern is a name with its numbers replaced, so that layers alike are one.
func pattern(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if _, err := strconv.Atoi(p); err == nil {
			parts[i] = "N"
		}
	}
	return strings.Join(parts, ".")
}
