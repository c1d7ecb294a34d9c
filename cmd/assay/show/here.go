package show

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/model"
	"assay/results/figure"
)

// Here prints the models of this machine; what to type for one stands last, whole.
func Here(w io.Writer, all []model.Found) {
	if len(all) == 0 {
		fmt.Fprintln(w, Wrapped("No model was found in the hub's cache, LM Studio's, llama.cpp's and Ollama's folders, nor in this one. "+
			"'assay run -m preset:smollm2-135m' runs a skeleton without one.", ""))
		return
	}
	t := NewTable(w, table.Row{"model", "type", "size", "fits", "where", "-m"}, "size")
	for _, h := range all {
		t.AppendRow(table.Row{Clip(Safe(orDash(h.Name)), 20), Clip(Safe(orDash(h.Type)), 13), figure.Size(float64(h.Bytes)), fits(h),
			h.Where, Safe(shortHome(h.Ref))})
	}
	t.Render()
	for _, h := range all {
		if h.Problem != "" {
			fmt.Fprintln(w, Wrapped(Safe(h.Ref+": "+h.Problem), ""))
		}
	}
	fmt.Fprintf(w, "\nfits: with a context of %d tokens, by the memory of this machine\n", model.FoundContext)
}

func fits(h model.Found) string {
	switch {
	case h.Problem != "":
		return "?"
	case h.Fits == nil:
		return "-"
	case !*h.Fits:
		return "no"
	case h.FitsNow != nil && !*h.FitsNow:
		return "not now"
	}
	return "yes"
}

// shortHome writes a path in the user's home as a shell takes it.
func shortHome(ref string) string {
	if home := os.Getenv("HOME"); home != "" && strings.HasPrefix(ref, home+"/") {
		return "~" + strings.TrimPrefix(ref, home)
	}
	return ref
}
