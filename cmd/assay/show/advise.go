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

// Advice prints, model by model, what fits and the reasons for what does not, then what
// speeds rest on.
func Advice(w io.Writer, a model.Advice) {
	fmt.Fprintln(w, Wrapped(fmt.Sprintf("%s: %s for a model (%s)", Safe(a.Place.Name), figure.Bytes(a.Place.LimitBytes), Safe(a.Place.Basis)),
		""))
	for i, c := range a.Choices {
		if slices.ContainsFunc(a.Choices[:i], func(o model.Choice) bool { return o.Ref == c.Ref }) {
			continue
		}
		of := slices.DeleteFunc(slices.Clone(a.Choices), func(o model.Choice) bool { return o.Ref != c.Ref })
		fmt.Fprintf(w, "\n%s\n", Safe(c.Model))
		adviceOf(w, of)
		for _, out := range a.LeftOut {
			if out.Ref == c.Ref {
				fmt.Fprintln(w, Wrapped(fmt.Sprintf("%s is left out: %s", out.Runtime, Safe(out.Why)), ""))
			}
		}
	}
	fmt.Fprintln(w)
	for _, runtime := range sortedKeys(a.Basis) {
		fmt.Fprintln(w, Wrapped("speed: "+Safe(a.Basis[runtime]), ""))
	}
}

// adviceOf prints the choices of one model.
func adviceOf(w io.Writer, all []model.Choice) {
	t := NewTable(w, table.Row{"", "runtime", "weights", "cache", "context", "needs", "pp t/s", "first", "tg t/s"},
		"context", "needs", "pp t/s", "first", "tg t/s")
	t.leaveOut("runtime", !slices.ContainsFunc(all, func(c model.Choice) bool { return c.Runtime != all[0].Runtime }))
	for _, c := range all {
		t.AppendRow(choiceRow(c))
	}
	t.Render()
	for _, c := range all {
		if c.Best {
			fmt.Fprintln(w, Wrapped(sentence(c), ""))
		}
	}
	if refused := refusals(all); len(refused) > 0 {
		fmt.Fprintln(w, Wrapped(fmt.Sprintf("%s does not fit in %s", Safe(all[0].Model), strings.Join(refused, ", ")), ""))
	}
}

func choiceRow(c model.Choice) table.Row {
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
	row := table.Row{mark, c.Runtime, c.WeightType, c.CacheType, c.Context, need, "", "", ""}
	if c.Prefill != nil && c.Fits {
		row[6], row[7], row[8] = figure.Rate(c.Prefill.TokensPerSecond.Value), figure.Rate(c.FirstToken.Value)+" s",
			figure.Rate(c.Decode.TokensPerSecond.Value)
	}
	return row
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

// refusals says what does not fit, and by how much the nearest of its caches misses.
func refusals(all []model.Choice) (why []string) {
	for i, c := range all {
		closer := func(o model.Choice) bool {
			same := o.Runtime == c.Runtime && o.WeightType == c.WeightType && o.Context == c.Context
			return same && (o.Fits || o.NeedBytes < c.NeedBytes)
		}
		if c.Fits || slices.ContainsFunc(all[:i], closer) || slices.ContainsFunc(all[i+1:], closer) {
			continue
		}
		why = append(why, fmt.Sprintf("%s (%s)", strings.TrimSpace(fmt.Sprintf("%s at %d", c.WeightType, c.Context)), c.Why))
	}
	return why
}
