package show

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/predict/roofline"
	"assay/results/figure"
)

// Fit prints what a machine's costs are, and the cases that it misses most.
func Fit(w io.Writer, fit *roofline.Fit, obs []roofline.Observation, furthest int) {
	say := func(format string, args ...any) { fmt.Fprintln(w, Wrapped(fmt.Sprintf(format, args...), "")) }
	say("%s: %s on %s, %s", fit.ID, figure.Several(fit.Observations, "case"), Safe(fit.Machine), Safe(fit.Runtime))
	say("form: %s (of %d tried, by leaving models out)", fit.Form, len(fit.Rivals))
	fmt.Fprintln(w)
	t := NewTable(w, table.Row{"cost", "rate", "95 % interval", "cases", "remark"}, "rate", "95 % interval", "cases")
	wrapColumn(t, "remark", 16)
	for _, p := range fit.Parameters {
		value, interval := rateOf(p)
		t.AppendRow(table.Row{p.Name, value, interval, p.Cases, remark(p)})
	}
	t.Render()
	fmt.Fprintln(w)
	if line := peaks(fit); line != "" {
		say("%s", line)
	}
	cv := fit.CrossValidation()
	say("a model left out is missed by %s in decode and %s in prefill (median; 95 %% of cases: %s and %s)",
		figure.Percent(cv.Decode.Median), figure.Percent(cv.Prefill.Median), figure.Percent(cv.Decode.P95), figure.Percent(cv.Prefill.P95))
	if fit.Condition != nil {
		say("condition of the scaled design: %.0f", *fit.Condition)
	}
	if furthest > 0 {
		fmt.Fprintln(w, "\nfurthest off:")
		for _, e := range fit.Explain(obs, furthest) {
			fmt.Fprintln(w, Wrapped(Safe(e.String()), "  "))
		}
	}
	if len(fit.LeftOut) > 0 {
		fmt.Fprintln(w)
		say("%s left out, the first: %s", figure.Several(len(fit.LeftOut), "case"), Safe(fit.LeftOut[0]))
	}
}

// peaks says how much of the chip's peaks is reached; nothing where none is known.
func peaks(fit *roofline.Fit) string {
	mfu, mbu := fit.PeakShares()
	from := "published"
	if fit.Chip != nil && fit.Chip.Measured {
		from = "measured by 'doctor --bench'"
	}
	var parts []string
	if mbu != nil {
		parts = append(parts, fmt.Sprintf("reading weights reaches %s of the memory's %s GB/s (%s)", figure.Percent(*mbu),
			figure.Rate(fit.Chip.Bandwidth/1e9), from))
		if *mbu > 1 {
			parts = append(parts, "more than memory gives: weights stayed in the processor's cache, or one of the two was disturbed")
		}
	}
	if mfu != nil {
		parts = append(parts, fmt.Sprintf("products reach %s of the GPU's %s TFLOPS", figure.Percent(*mfu), figure.Rate(*fit.Chip.FP16/1e12)))
	}
	return strings.Join(parts, "; ")
}

// rateOf prints a cost as what people know it by: bytes and operations a second,
// or the time of a product, graph node or step.
func rateOf(p roofline.Parameter) (value, interval string) {
	print, v := span, p.Seconds
	switch p.Unit {
	case "byte", "FLOP":
		unit := map[string]string{"byte": "GB/s", "FLOP": "GFLOP/s"}[p.Unit]
		if giga(v.Value) == "any" {
			return "-", fmt.Sprintf("at least %s %s", giga(v.Hi), unit)
		}
		return giga(v.Value) + " " + unit, giga(v.Hi) + " to " + giga(v.Lo)
	case "FLOP and byte":
		// What rows that lie a KiB apart add to an operation.
		v = roofline.Interval{Value: 1024 * v.Value, Lo: 1024 * v.Lo, Hi: 1024 * v.Hi}
		return print(v.Value) + "/FLOP KiB", print(v.Lo) + " to " + print(v.Hi)
	}
	return print(v.Value), print(v.Lo) + " to " + print(v.Hi)
}

// giga is a cost of seconds as a rate of billions a second. A bound that is not
// known is no bound.
func giga(seconds float64) string {
	switch {
	case seconds <= 0 || 1e-9/seconds >= 1e6:
		return "any"
	case seconds == math.MaxFloat64:
		return "0"
	}
	return figure.Rate(1e-9 / seconds)
}

// span is a time that may be unbounded.
func span(seconds float64) string {
	if seconds == math.MaxFloat64 {
		return "any"
	}
	return figure.Seconds(seconds)
}

// vagueRatio of an interval's ends is where a cost is not known even roughly.
const vagueRatio = 10

// remark says what the numbers of a row do not.
func remark(p roofline.Parameter) string {
	switch {
	case len(p.Confounded) > 0:
		return "not separable from " + strings.Join(p.Confounded, ", ")
	case p.AtBound, p.Cases == 0:
		return "costs nothing that shows"
	case p.Seconds.Lo <= 0 || p.Seconds.Hi > vagueRatio*p.Seconds.Lo:
		return "barely determined"
	}
	return ""
}

// Validation is the table of predicted against measured, each model by the
// fit that has not seen it; as Markdown for a README where that is asked for.
func Validation(w io.Writer, v roofline.Validation, markdown bool) {
	t := NewTable(w, table.Row{"case", "measured t/s", "predicted", "95 % interval", "off", ""}, "measured t/s", "predicted",
		"95 % interval", "off")
	for _, c := range v.Cases {
		p, mark := c.Prediction.TokensPerSecond, ""
		if !c.Inside() {
			mark = "!"
		}
		t.AppendRow(table.Row{
			Safe(c.Case), figure.Rate(c.Tokens / c.Seconds), figure.Rate(p.Value),
			figure.Rate(p.Lo) + " to " + figure.Rate(p.Hi), figure.Change(c.Error()), mark,
		})
	}
	if markdown {
		t.RenderMarkdown()
	} else {
		fmt.Fprintln(w, "\nleave one model out:")
		t.Render()
	}
	d, p := v.Errors(roofline.KindDecode), v.Errors(roofline.KindPrefill)
	fmt.Fprintf(w, "\n%s\n", Wrapped(fmt.Sprintf("Median absolute error of a model that was left out: decode %s of %d cases, prefill %s of "+
		"%d; %s of the cases lie inside the 95 %% interval, those marked ! outside.",
		figure.Percent(d.Median), d.N, figure.Percent(p.Median), p.N, figure.Percent(v.Coverage())), ""))
	if n := len(v.Skipped); n > 0 {
		fmt.Fprintln(w, Wrapped(fmt.Sprintf("%s not predicted, the first: %s", figure.Several(n, "case"), Safe(v.Skipped[0])), ""))
	}
}
