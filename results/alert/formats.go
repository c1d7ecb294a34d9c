package alert

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"assay/results"
	"assay/results/diff"
	"assay/results/figure"
)

// writers write alerts in each format.
var writers = map[string]func(io.Writer, []Alert) error{
	"markdown": WriteMarkdown,
	"json":     WriteJSON,
	"github":   WriteGitHub,
	"junit":    WriteJUnit,
}

// Formats lists the names of the formats.
func Formats() []string { return slices.Sorted(maps.Keys(writers)) }

// Write writes the alerts in the named format.
func Write(w io.Writer, format string, alerts []Alert) error {
	write, known := writers[format]
	if !known {
		return fmt.Errorf("there is no format %q for alerts; there are %s", format, strings.Join(Formats(), ", "))
	}
	return write(w, alerts)
}

// WriteJSON writes the alerts for a machine: an array, one object an alert.
func WriteJSON(w io.Writer, alerts []Alert) error {
	if alerts == nil {
		alerts = []Alert{}
	}
	text, err := json.MarshalIndent(alerts, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, escapeInvisible(string(text))+"\n")
	return err
}

// escapeInvisible writes what a terminal would obey, or not show, as JSON's
// escapes; encoding/json does so for ASCII only.
func escapeInvisible(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c == '\n' || c != unicode.ReplacementChar && unicode.IsPrint(c) {
			b.WriteRune(c)
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// WriteMarkdown writes the alerts for a person.
func WriteMarkdown(w io.Writer, alerts []Alert) error {
	var b strings.Builder
	if len(alerts) == 0 {
		b.WriteString("Nothing moved.\n")
	}
	for _, a := range alerts {
		fmt.Fprintf(&b, "### %s\n\n", markdown(oneLine(a)))
		if a.Key != "" {
			fmt.Fprintf(&b, "%s\n\n", results.CodeSpan(string(a.Key)))
		}
		for _, l := range lines(a) {
			fmt.Fprintf(&b, "- %s\n", markdown(l))
		}
		if a.Reproduce != "" {
			fmt.Fprintf(&b, "\nMeasure it again:\n\n    %s\n", results.Printable(a.Reproduce))
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// heading is the state and what it means.
func heading(a Alert) string {
	what := "Improvement"
	switch {
	case a.State == Recovered:
		return "Recovered"
	case a.State == PartlyRecovered:
		return "Partly recovered"
	case a.Regression && a.Class == Timing, a.Regression && a.Class == Group:
		what = "Regression"
	case a.Regression:
		what = "Change"
	}
	if a.State == Reminded || a.State == Ongoing {
		what += ", still there"
	}
	return what
}

// lines are an alert's facts, one sentence each, escaped by nobody yet.
func lines(a Alert) []string {
	var out []string
	if a.Before != "" || a.After != "" {
		out = append(out, fmt.Sprintf("before %s, after %s", orNone(a.Before), orNone(a.After)))
	}
	out = append(out, a.Certainty)
	if !a.Since.IsZero() {
		out = append(out, fmt.Sprintf("since %s, seen in run %s against %s", a.Since.UTC().Format("2006-01-02 15:04 UTC"), a.Run, a.Base))
	}
	out = append(out, a.Details...)
	likely := a.likely()
	for _, d := range a.AlsoChanged {
		what := "also changed"
		if slices.Contains(likely, d) {
			what = "likely cause"
		}
		out = append(out, what+": "+fromTo(d))
	}
	return out
}

// likely are the likely causes: the first, and where that is a version all versions,
// for who knows which.
func (a Alert) likely() []diff.Difference {
	if a.LikelyCause == nil {
		return nil
	}
	out := []diff.Difference{*a.LikelyCause}
	for _, d := range a.AlsoChanged {
		if d != out[0] && d.Version() && out[0].Version() {
			out = append(out, d)
		}
	}
	return out
}

// fromTo says how something else changed.
func fromTo(d diff.Difference) string {
	text := fmt.Sprintf("%s, %s, then %s", d.What, orUnknown(d.Base), orUnknown(d.Head))
	if d.Often > 0 {
		text += fmt.Sprintf(" (and %s before)", figure.Several(d.Often, "time"))
	}
	return text
}

func orUnknown(s string) string {
	if s == "" {
		return "not recorded"
	}
	return s
}

// plain are the lines of formats without markup: with the case and the command
// that measures it again.
func plain(a Alert) []string {
	out := lines(a)
	if a.Key != "" {
		out = append(out, "case: "+string(a.Key))
	}
	if a.Reproduce != "" {
		out = append(out, a.Reproduce)
	}
	return out
}

// oneLine is an alert in one line of plain text.
func oneLine(a Alert) string {
	line := heading(a) + ": "
	if a.Name != "" {
		line += a.Name + ": "
	}
	return results.Printable(line + a.Title)
}

// Line is an alert in one line, with its likely cause.
func Line(a Alert) string {
	line := oneLine(a)
	if a.Before != "" || a.After != "" {
		line += fmt.Sprintf(" (%s, then %s)", results.Printable(orNone(a.Before)), results.Printable(orNone(a.After)))
	}
	if likely := a.likely(); likely != nil && a.State != Recovered {
		var all []string
		for _, d := range likely {
			all = append(all, fromTo(d))
		}
		line += results.Printable("; likely cause: " + strings.Join(all, ", or "))
	}
	return line
}

// Text is an alert for a terminal, safe to print.
func Text(a Alert) string {
	out := oneLine(a) + "\n"
	for _, l := range plain(a) {
		out += "  " + results.Printable(l) + "\n"
	}
	return out
}

var markdownSpecial = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "#", `\#`, "~", `\~`, "!", `\!`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "&#64;", "://", ":&#47;/", "www.", "www&#46;",
)

// markdown escapes text so that it neither formats, links, mentions nor is HTML.
func markdown(s string) string { return markdownSpecial.Replace(results.Printable(s)) }

// WriteGitHub writes workflow commands that GitHub Actions shows as annotations.
func WriteGitHub(w io.Writer, alerts []Alert) error {
	var b strings.Builder
	for _, a := range alerts {
		level := "notice"
		if a.Regression {
			level = "error"
		}
		text := oneLine(a)
		for _, l := range plain(a) {
			text += "\n" + results.Printable(l)
		}
		fmt.Fprintf(&b, "::%s title=%s::%s\n", level, annotationProperty(heading(a)+": "+a.Title), annotationData(text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// annotationData and annotationProperty escape as GitHub's toolkit does
// (actions/toolkit, packages/core/src/command.ts).
func annotationData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func annotationProperty(s string) string {
	return strings.NewReplacer("%", "%25", ":", "%3A", ",", "%2C").Replace(results.Printable(s))
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the alerts as a JUnit test suite: a regression is a failure.
func WriteJUnit(w io.Writer, alerts []Alert) error {
	suite := junitSuite{Name: "assay", Tests: len(alerts)}
	for _, a := range alerts {
		c := junitCase{Class: "assay." + string(a.Class), Name: results.Printable(cmp.Or(string(a.Key), "all cases"))}
		var text strings.Builder
		for _, l := range plain(a) {
			text.WriteString(results.Printable(l) + "\n")
		}
		if a.Regression {
			suite.Failures++
			c.Failure = &junitFailure{Type: string(a.Class), Message: results.Printable(a.Title), Text: text.String()}
		} else {
			c.Out = oneLine(a) + "\n" + text.String()
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
