package builder

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"

	"assay/predict/arch"
)

// Params is the number of its elements over all layers.
func (g Gap) Params() int64 {
	var n int64
	for _, t := range g.list {
		n += t.Elements()
	}
	return n
}

// WeightBytes is what its tensors take as stored.
func (g Gap) WeightBytes() int64 {
	var n int64
	for _, t := range g.list {
		n += t.Bytes()
	}
	return n
}

// gaps gathers the tensors that nobody took by the module they are in.
func gaps(unmapped []placed) []Gap {
	var out []Gap
	firsts := map[string]map[string]bool{} // the stems that begin with a word
	for _, t := range unmapped {
		first, _, _ := strings.Cut(t.Stem, "_")
		if firsts[first] == nil {
			firsts[first] = map[string]bool{}
		}
		firsts[first][t.Stem] = true
	}
	for _, t := range unmapped {
		name := t.module(func(first string) bool { return len(firsts[first]) > 1 })
		i := slices.IndexFunc(out, func(g Gap) bool { return g.Name == name })
		if i < 0 {
			i = len(out)
			out = append(out, Gap{Name: name})
		}
		g := &out[i]
		g.list = append(g.list, t)
		g.Tensors = addPattern(g.Tensors, t.Tensor)
		if !slices.Contains(g.Blocks, t.Block) {
			g.Blocks = append(g.Blocks, t.Block)
		}
		g.Count = len(g.Blocks)
	}
	for i := range out {
		slices.Sort(out[i].Blocks)
	}
	return out
}

// module names what the tensor is a part of: the tower, the module of Hugging
// Face's name, or of GGUF's the first word where several tensors share it.
func (p placed) module(shared func(first string) bool) string {
	if p.Tower != "" {
		return p.Tower
	}
	if name, _, ok := strings.Cut(p.Stem, "."); ok {
		return name
	}
	if first, _, _ := strings.Cut(p.Stem, "_"); shared(first) {
		return first
	}
	return p.Stem
}

// GapFile is the name of a gap's report beside the config.
func (m Model) GapFile(g Gap) string {
	return m.ID() + ".gap_" + notInID.ReplaceAllString(strings.ToLower(g.Name), "_") + ".md"
}

//go:embed gap.md.tmpl
var gapText string

var gapTemplate = template.Must(template.New("gap").Funcs(template.FuncMap{"shape": shapeText}).Parse(gapText))

// WriteGap writes what is needed to write a class for the layer.
func (m Model) WriteGap(w io.Writer, g Gap) error {
	err := gapTemplate.Execute(w, map[string]any{
		"Model": m.Config().Name, "Gap": g, "Where": where(g), "Examples": m.examples(g),
		"References": m.references(), "Parallel": m.gapParallelism(g), "Tests": m.gapTests(g),
	})
	if err != nil {
		return fmt.Errorf("gap report of %s: %w", g.Name, err)
	}
	return nil
}

func where(g Gap) string {
	blocks := arch.Ranges(g.Blocks)
	switch {
	case blocks == "":
		return "outside the blocks"
	case g.Blocks[0] < 0:
		return "in blocks " + blocks + " and outside them"
	}
	return "in blocks " + blocks
}

// shownTensors bounds the exact names in a report; the table has all.
const shownTensors = 12

// examples are the exact tensors of the first block, and how many are like them.
func (m Model) examples(g Gap) []string {
	var out []string
	left := 0
	for _, t := range g.list {
		if t.Block != g.Blocks[0] {
			continue
		}
		if len(out) == shownTensors {
			left++
			continue
		}
		for _, held := range t.Stored() {
			out = append(out, fmt.Sprintf("%s: %s (%s)", held.Name, tuple(held.Shape), torchType(held.Type)))
		}
	}
	if left > 0 {
		out = append(out, fmt.Sprintf("... and %d more; the tensor table has them all", left))
	}
	return out
}

// references are where such a layer is implemented.
func (m Model) references() []string {
	out := []string{
		"PyTorch: torch.nn.functional.linear, torch.einsum, torch.nn.functional.conv1d, https://docs.pytorch.org/docs/stable/nn.html",
	}
	if name := m.Facts.ModelType; name != "" {
		out = append(out, fmt.Sprintf("transformers: https://github.com/huggingface/transformers/tree/main/src/transformers/models/%s", name))
	}
	if name := m.Facts.Family; name != "" {
		out = append(out, fmt.Sprintf("llama.cpp: src/models, the graph of the architecture %q", name))
	}
	return append(out,
		"vLLM: vllm/model_executor/models and layers, https://docs.vllm.ai/en/latest/",
		"SGLang: python/sglang/srt/models and layers, https://docs.sglang.ai/")
}
