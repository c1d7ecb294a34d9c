package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"assay/results"
	"assay/results/figure"
)

// Markdown writes the report for a pull request or an issue: verdict, what moved, the
// speeds, and folded what cases hold and which rules of others do not. Names from outside stand in code spans, where
// neither markup nor a mention of a person has an effect.
func Markdown(w io.Writer, in Input) error {
	p := newPage(in)
	var b strings.Builder
	mark := "✅"
	if p.Bad {
		mark = "❌"
	}
	fmt.Fprintf(&b, "## %s\n\n%s **%s**\n\n", results.CodeSpan(p.Title), mark, p.Verdict)
	if len(p.Unfit) > 0 {
		fmt.Fprintf(&b, "⚠️ The machine was not fit to be measured: %s.\n\n", results.CodeSpan(strings.Join(p.Unfit, ", ")))
	}
	for _, f := range p.Facts {
		fmt.Fprintf(&b, "- %s: %s\n", f.Name, results.CodeSpan(f.Value))
	}
	for _, n := range append(p.Notes, p.Head.Warnings...) {
		fmt.Fprintf(&b, "- %s\n", results.CodeSpan(n))
	}
	markdownFindings(&b, p)
	markdownSpeeds(&b, p)
	markdownMemory(&b, p)
	markdownRules(&b, p)
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownFindings(b *strings.Builder, p page) {
	if len(p.Findings) > 0 {
		b.WriteString("\n### What moved\n\n| | case | figure | before | after | change | how sure | since |\n|---|---|---|--:|--:|--:|---|---|\n")
		for _, f := range p.Findings {
			fmt.Fprintf(b, "| %s |%s\n", f.Severity, cells(f.Case, f.Figure, f.Before, f.After, f.Change, f.Sure, f.Since))
		}
		for _, f := range p.Findings {
			markdownDetails(b, f)
		}
	}
	if len(p.Failures) > 0 {
		b.WriteString("\n### Cases that failed\n\n| case | error |\n|---|---|\n")
		for _, r := range p.Failures {
			fmt.Fprintf(b, "|%s\n", cells(string(r.Key()), r.Error))
		}
	}
}

func markdownDetails(b *strings.Builder, f Finding) {
	if len(f.Details) == 0 && f.Reproduce == "" {
		return
	}
	fmt.Fprintf(b, "\n%s:\n", results.CodeSpan(f.Case))
	for _, d := range f.Details {
		fmt.Fprintf(b, "- %s\n", results.CodeSpan(d))
	}
	if f.Reproduce != "" {
		fmt.Fprintf(b, "- again: %s\n", results.CodeSpan(f.Reproduce))
	}
}

func markdownSpeeds(b *strings.Builder, p page) {
	if len(p.Speeds) == 0 {
		return
	}
	b.WriteString("\n### Speed\n\n| model | test | settings | tokens/s | 95 % interval | predicted | off by | before | change | checks " +
		"|\n|---|---|---|--:|--:|--:|--:|--:|--:|---|\n")
	for _, r := range p.Speeds {
		fmt.Fprintf(b, "|%s\n", cells(r.Model, r.Test, r.Settings, r.Speed, r.Interval, r.Predicted, r.Off, r.Before, r.Change, r.Status))
	}
}

func markdownMemory(b *strings.Builder, p page) {
	if len(p.Memory) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details><summary>Memory and operations of %s</summary>\n\n", figure.Several(len(p.Memory), "case"))
	b.WriteString("| model | test | settings | weights | KV predicted | measured | off | operations | off | checks " +
		"|\n|---|---|---|--:|--:|--:|--:|--:|--:|---|\n")
	for _, r := range p.Memory {
		fmt.Fprintf(b, "|%s\n", cells(r.Model, r.Test, r.Settings, r.Weights, r.KVPredicted, r.KVMeasured, r.KVOff, r.FLOPs,
			r.FLOPsOff, r.Status))
	}
	b.WriteString("\n</details>\n")
}

func markdownRules(b *strings.Builder, p page) {
	if len(p.Refuted) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details><summary>%s of others refuted</summary>\n\n", figure.Several(len(p.Refuted), "rule"))
	b.WriteString("| rules | figure | because | cases | furthest off | predicted | measured |\n|---|---|---|--:|---|--:|--:|\n")
	for _, r := range p.Refuted {
		fmt.Fprintf(b, "|%s\n", cells(r.Rules, r.Figure, r.Because, strconv.Itoa(r.Cases), r.Worst, r.Predicted, r.Measured))
	}
	b.WriteString("\n</details>\n")
}

// cells returns the cells of a table's row.
func cells(texts ...string) string {
	var b strings.Builder
	for _, t := range texts {
		b.WriteString(" " + strings.ReplaceAll(results.CodeSpan(t), "|", `\|`) + " |")
	}
	return b.String()
}
