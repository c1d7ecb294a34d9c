package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/mlx"
)

// FamilyOptions say which families are printed, and how.
type FamilyOptions struct {
	All, Markdown bool
	// Release is mlx-lm's.
	Release string
}

// Families prints what is known of mlx-lm's model types.
func Families(w io.Writer, families []mlx.Family, o FamilyOptions) {
	t := NewTable(w, table.Row{"model type", "runs", "cache", "weights, operations", "skeleton"})
	var cached []string
	for _, f := range families {
		switch {
		case f.Runs:
			t.AppendRow(table.Row{f.Type, yes(f.Runs), yes(f.Cache), operations(f), yes(f.Skeleton)})
		case f.Cache:
			cached = append(cached, f.Type)
		case o.All:
			t.AppendRow(table.Row{f.Type, "", "no rule for " + f.Lacks})
		}
	}
	if o.Markdown {
		t.RenderMarkdown()
	} else {
		t.Render()
	}
	fmt.Fprintf(w, "\nmlx-lm %s. Of %d more the cache is predicted: %s\n", o.Release, len(cached), strings.Join(cached, ", "))
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return ""
}

func operations(f mlx.Family) string {
	switch {
	case f.Config:
		return "from a config.json"
	case f.Counted:
		return "from a folder's headers"
	}
	return ""
}
