package builder

import (
	"fmt"
	"io"
	"strings"
	"text/template"

	_ "embed"
)

//go:embed report.md.tmpl
var reportText string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"cell": func(s string) string { return strings.ReplaceAll(s, "|", `\|`) },
}).Parse(reportText))

// WriteReport writes what the model was held against, and what came of it.
func (m Model) WriteReport(w io.Writer) error {
	err := reportTemplate.Execute(w, map[string]any{
		"Config": m.Config(), "Checks": m.Checks, "Bad": m.Discrepancies(), "Derived": m.Derived, "Tensors": len(m.Tensors),
		"Provenance": m.Facts.Provenance,
	})
	if err != nil {
		return fmt.Errorf("validation report of %s: %w", m.Facts.Name, err)
	}
	return nil
}
