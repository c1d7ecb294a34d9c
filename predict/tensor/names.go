package tensor

import (
	"regexp"
	"strconv"
	"strings"
)

// Place is what a tensor's name says.
type Place struct {
	// Block is the layer's number, or -1.
	Block int
	// Stem is the name without its block in front and its suffix behind, experts
	// numbered N.
	Stem   string
	Suffix Suffix
	// Draft: the tensor is of a module for multi-token prediction, whose blocks
	// are numbered anew.
	Draft bool
	// Tower is the part of a multimodal model that the facts leave out, or "".
	Tower string
}

// Suffix is what of a module the tensor is.
type Suffix int

// The suffixes.
const (
	Weight Suffix = iota
	Bias
	Scale // of packed weights; counted in no parameter count
)

// The last two are llama.cpp's towers in a file of their own kind or a text
// model's (tools/mtmd/clip-impl.h, v0.5.0).
var (
	blockName  = regexp.MustCompile(`^(?:blk|(?:.*\.)?(?:layers|h|blocks))\.(\d+)\.(.+)$`)
	towerName  = regexp.MustCompile(`^(?:model\.)?([\w]*(?:vision|visual|audio|image|multi_modal|mm_)[\w]*)\.`)
	draftName  = regexp.MustCompile(`^(?:model\.)?mtp\.`)
	wrapper    = regexp.MustCompile(`^(?:(?:model|language_model|backbone|transformer)\.)+`)
	expertName = regexp.MustCompile(`\.experts\.\d+\.`)
	towerGGUF  = regexp.MustCompile(`^(?:(v|a|mm|resampler)\.)`)
	towerWords = map[string]string{"v": "vision", "a": "audio", "mm": "projector", "resampler": "projector"}

	suffixes = []struct {
		pattern *regexp.Regexp
		suffix  Suffix
	}{
		{regexp.MustCompile(`\.(?:scales|biases|weight_scale(?:_inv)?|weight_scales)$`), Scale},
		{regexp.MustCompile(`[._]bias$`), Bias},
		{regexp.MustCompile(`\.weight$`), Weight},
	}
)

// PlaceOf takes a name apart, of a GGUF or of a folder.
func PlaceOf(name string) Place {
	p := Place{Block: -1, Stem: name}
	if m := towerName.FindStringSubmatch(name); m != nil {
		p.Tower = m[1]
	} else if m := towerGGUF.FindStringSubmatch(name); m != nil {
		p.Tower = towerWords[m[1]]
	}
	if at := draftName.FindStringIndex(name); at != nil {
		p.Draft, p.Stem = true, name[at[1]:]
		name = p.Stem
	}
	if m := blockName.FindStringSubmatch(name); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			p.Block, p.Stem = n, m[2]
		}
	} else if !p.Draft {
		p.Stem = wrapper.ReplaceAllString(name, "")
	}
	p.Stem = expertName.ReplaceAllString(p.Stem, ".experts.N.")
	for _, k := range suffixes {
		if at := k.pattern.FindStringIndex(p.Stem); at != nil {
			p.Stem, p.Suffix = p.Stem[:at[0]], k.suffix
			break
		}
	}
	return p
}

// DraftBlock is the block that the tensor of multi-token prediction is in, of a
// model with so many layers: one numbered behind the model's own, or of a
// module "mtp" beside them.
func (p Place) DraftBlock(layers int) (int, bool) {
	switch {
	case p.Draft:
		return layers + max(0, p.Block), true
	case p.Tower != "":
		return 0, false
	}
	return p.Block, p.Block >= layers
}

// Pattern is a name with its numbers replaced, so that layers alike are one.
func Pattern(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if _, err := strconv.Atoi(p); err == nil {
			parts[i] = "N"
		}
	}
	return strings.Join(parts, ".")
}

// Generic leaves the layer's number out, so that layers alike report once.
func Generic(name string) string {
	m := blockName.FindStringSubmatchIndex(name)
	if m == nil {
		return name
	}
	return name[:m[2]] + "N" + name[m[3]:]
}
