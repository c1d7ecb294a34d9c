package export

import (
	"fmt"
	"html"
	"io"

	"assay/results"
	"assay/results/figure"
)

// The measures of a badge, in pixels; a letter of its font is about so wide.
const (
	badgeHeight = 20
	badgeLetter = 7
	badgeRoom   = 12
)

// writeBadge writes the last run as a badge for a README: what it amounts to, in one
// picture that needs nothing else.
func writeBadge(w io.Writer, runs []results.Run) error {
	says, colour := badge(results.Count(last(runs)))
	left := badgeRoom + badgeLetter*len("assay")
	right := badgeRoom + badgeLetter*len([]rune(says))
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" role="img" aria-label="assay: %[6]s">`+
		`<title>assay: %[6]s</title><clipPath id="r"><rect width="%[1]d" height="%[2]d" rx="3"/></clipPath>`+
		`<g clip-path="url(#r)"><rect width="%[3]d" height="%[2]d" fill="#3d444d"/><rect x="%[3]d" width="%[4]d" height="%[2]d" fill="%[5]s"/></g>`+
		`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"><text x="%[7]d" y="14">assay</text><text x="%[8]d" y="14">%[6]s</text></g></svg>`+"\n",
		left+right, badgeHeight, left, right, colour, html.EscapeString(says), left/2, left+right/2)
	return err
}

func badge(t results.Tally) (says, colour string) {
	const good, bad, dull = "#17683a", "#b3261e", "#5b6470"
	switch {
	case t.Cases == 0:
		return "nothing measured", dull
	case t.Failed > 0:
		return fmt.Sprintf("%d of %d cases failed", t.Failed, t.Cases), bad
	case t.Refuted > 0:
		return fmt.Sprintf("%d of %d not as predicted", t.Refuted, t.Cases), bad
	case t.Checks == 0:
		return figure.Several(t.Cases, "case") + " measured", dull
	}
	return fmt.Sprintf("%d checks hold", t.Checks), good
}
