package live

import (
	"path"
	"strings"

	"assay/cmd/assay/show"
	"assay/harness/subject"
	"assay/results"
)

// names are how the models of a run are called in a table: by the end of the
// reference that was typed, as far as it tells them apart, and the type of a skeleton.
type names struct {
	short map[string]string
	// subjects are runtime, reference and type, in the order of the run.
	subjects []subject.Item
	runtimes map[string]bool
}

// shortestName and longestName bound the width of a model's name in a table.
const shortestName, longestName = 12, 24

func namesOf(items []subject.Item) *names {
	n := &names{short: map[string]string{}, runtimes: map[string]bool{}}
	seen := map[[4]string]bool{}
	var refs []string
	for _, it := range items {
		n.runtimes[it.Runtime] = true
		if key := [4]string{it.Runtime, it.Ref, it.Skeleton, it.WeightType}; !seen[key] {
			seen[key] = true
			n.subjects = append(n.subjects, it)
		}
		if _, ok := n.short[it.Ref]; !ok {
			n.short[it.Ref] = ""
			refs = append(refs, it.Ref)
		}
	}
	for _, ref := range refs {
		for parts := 1; ; parts++ {
			n.short[ref] = lastParts(ref, parts)
			if parts > 8 || !taken(refs, ref, parts) {
				break
			}
		}
	}
	return n
}

// taken reports whether another reference ends in the same parts.
func taken(refs []string, ref string, parts int) bool {
	for _, other := range refs {
		if other != ref && lastParts(other, parts) == lastParts(ref, parts) {
			return true
		}
	}
	return false
}

// lastParts are the last parts of a reference's path, without what every one ends in.
func lastParts(ref string, parts int) string {
	words := strings.Split(strings.TrimSuffix(path.Clean(strings.TrimPrefix(ref, "preset:")), ".gguf"), "/")
	return strings.Join(words[max(0, len(words)-parts):], "/")
}

func (n *names) several() bool { return len(n.subjects) > 1 }

func (n *names) ofItem(it subject.Item) string { return n.named(it.Ref, it.WeightType) }

// inFull names the runtime as well, where there are several.
func (n *names) inFull(it subject.Item) string {
	if len(n.runtimes) > 1 {
		return it.Runtime + " " + n.ofItem(it)
	}
	return n.ofItem(it)
}

func (n *names) of(r results.Record) string {
	weights := ""
	if r.Model.Skeleton != "" {
		weights = r.Model.WeightType
	}
	return n.named(r.Model.Ref, weights)
}

func (n *names) named(ref, weights string) string {
	name := n.short[ref]
	if name == "" {
		name = lastParts(ref, 1)
	}
	if weights != "" {
		name += " " + weights
	}
	return show.Safe(name)
}

func (n *names) width() int {
	width := len("model")
	for _, it := range n.subjects {
		width = max(width, len([]rune(n.ofItem(it))))
	}
	return min(width, longestName)
}

// clipMiddle shortens a name in its middle: quantisations are told apart by the end.
func clipMiddle(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	tail := (width - 1) / 2
	return string(r[:width-1-tail]) + "…" + string(r[len(r)-tail:])
}
