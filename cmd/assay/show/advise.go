package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/model"
	"assay/results/figure"
)

// Advice prints what fits, the reasons for what does not, and what speeds rest on.
func Advice(w io.Writer, a model.Advice) {
	fmt.Fprintln(w, Wrapped(fmt.Sprintf("%s: %s for a model (%s)", Safe(a.Place.Name), figure.Bytes(a.Place.LimitBytes), Safe(a.Place.Basis)), ""))
	fmt.Fprintln(w)
	t := NewTable(w, table.Row{"", "model", "weights", "cache", "context", "needs", "pp t/s", "first", "tg t/s"},
		"context", "needs", "pp t/s", "first", "tg t/s")
	wrapColumn(t, "model", 18)
	for _, c := range a.Choices {
		mark, need := "no", figure.Bytes(c.NeedBytes)
		switch {
		case c.Best:
			mark = "best"
		case c.Fits:
			mark = "fits"
		}
		if c.AtLeast {
			need = "> " + need
		}
		row := table.Row{mark, Safe(c.Model), c.WeightType, c.CacheType, c.Context, need, "", "", ""}
		if c.Prefill != nil && c.Fits {
			row[6], row[7], row[8] = figure.Rate(c.Prefill.TokensPerSecond.Value), figure.Rate(c.FirstToken.Value)+" s", figure.Rate(c.Decode.TokensPerSecond.Value)
		}
		t.AppendRow(row)
	}
	t.Render()
	fmt.Fprintln(w)
	for _, c := range a.Choices {
		if c.Best {
			fmt.Fprintln(w, Wrapped(sentence(c), ""))
		}
	}
	for _, line := range refusals(a.Choices) {
		fmt.Fprintln(w, Wrapped(line, ""))
	}
	for _, runtime := range sortedKeys(a.Basis) {
		fmt.Fprintln(w, Wrapped("speed: "+Safe(a.Basis[runtime]), ""))
	}
}

// sentence says what the best choice needs, part by part.
func sentence(c model.Choice) string {
	name := strings.TrimSpace(Safe(c.Model) + " " + c.WeightType)
	if c.LossKL != nil {
		name += fmt.Sprintf(" (measured to lose %.2g nats)", *c.LossKL)
	}
	if c.Memory == nil {
		return name
	}
	says := name + " needs " + c.Memory.String()
	if all := c.Memory.Known(); c.NeedBytes > 0 && c.NeedBytes < all {
		says += "; " + figure.Bytes(c.NeedBytes) + " of it on the GPU"
	}
	return says
}

// refusals says of each model what does not fit, and by how much the nearest of
// its caches misses.
func refusals(all []model.Choice) []string {
	var order []string
	why := map[string][]string{}
	for i, c := range all {
		closer := func(o model.Choice) bool {
			return o.Ref == c.Ref && o.WeightType == c.WeightType && o.Context == c.Context && (o.Fits || o.NeedBytes < c.NeedBytes)
		}
		if c.Fits || slices.ContainsFunc(all[:i], closer) || slices.ContainsFunc(all[i+1:], closer) {
			continue
		}
		if why[c.Model] == nil {
			order = append(order, c.Model)
		}
		what := strings.TrimSpace(fmt.Sprintf("%s at %d", c.WeightType, c.Context))
		why[c.Model] = append(why[c.Model], fmt.Sprintf("%s (%s)", what, c.Why))
	}
	var lines []string
	for _, name := range order {
		lines = append(lines, fmt.Sprintf("%s does not fit in %s", Safe(name), strings.Join(why[name], ", ")))
	}
	return lines
}
