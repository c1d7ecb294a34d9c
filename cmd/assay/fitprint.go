package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/predict/roofline"
)

func printFit(w io.Writer, fit *roofline.Fit, obs []roofline.Observation, furthest int) {
	fmt.Fprintf(w, "%s: %d cases on %s, %s\n", fit.ID, fit.Observations, safe(fit.Machine), safe(fit.Runtime))
	fmt.Fprintf(w, "form: %s (of %d tried, by leaving models out)\n\n", fit.Form, len(fit.Rivals))
	t := newTable(w, table.Row{"cost", "rate", "95 % interval", "cases", ""}, "rate", "95 % interval", "cases")
	for _, p := range fit.Parameters {
		value, interval := rateOf(p)
		t.AppendRow(table.Row{p.Name, value, interval, p.Cases, remark(p)})
	}
	t.Render()
	printPeaks(w, fit)
	cv := fit.CrossValidation()
	fmt.Fprintf(w, "\na model left out is missed by %s in decode and %s in prefill (median; 95 %% of cases: %s and %s)\n",
		shareOf(cv.Decode.Median), shareOf(cv.Prefill.Median), shareOf(cv.Decode.P95), shareOf(cv.Prefill.P95))
	if fit.Condition != nil {
		fmt.Fprintf(w, "condition of the scaled design: %.0f\n", *fit.Condition)
	}
	if furthest > 0 {
		fmt.Fprintln(w, "\nfurthest off:")
		for _, e := range fit.Explain(obs, furthest) {
			fmt.Fprintf(w, "  %s\n", safe(e.String()))
		}
	}
	if len(fit.LeftOut) > 0 {
		fmt.Fprintf(w, "\n%d cases left out, the first: %s\n", len(fit.LeftOut), safe(fit.LeftOut[0]))
	}
}

// printPeaks says how much of the chip's peaks is reached.
func printPeaks(w io.Writer, fit *roofline.Fit) {
	mfu, mbu := fit.PeakShares()
	from := "published"
	if fit.Chip != nil && fit.Chip.Measured {
		from = "measured by 'doctor --bench'"
	}
	if mbu != nil {
		fmt.Fprintf(w, "\nreading weights reaches %s of the memory's %s GB/s (%s)", shareOf(*mbu), rate(fit.Chip.Bandwidth/1e9), from)
	}
	if mfu != nil {
		fmt.Fprintf(w, ", products %s of the GPU's %s TFLOPS", shareOf(*mfu), rate(*fit.Chip.FP16/1e12))
	}
	if mbu != nil && *mbu > 1 {
		fmt.Fprint(w, ": more than there is, so one of them was disturbed")
	}
	if mbu != nil || mfu != nil {
		fmt.Fprintln(w)
	}
}

// rateOf prints a cost as what people know it by: bytes and operations a second,
// or the time of a node or step.
func rateOf(p roofline.Parameter) (value, interval string) {
	if p.Unit == "FLOP and byte" {
		return perKiB(p.Seconds.Value), fmt.Sprintf("%s to %s", perKiB(p.Seconds.Lo), perKiB(p.Seconds.Hi))
	}
	if p.Unit != "byte" && p.Unit != "FLOP" {
		return micro(p.Seconds.Value), fmt.Sprintf("%s to %s", micro(p.Seconds.Lo), micro(p.Seconds.Hi))
	}
	unit := map[string]string{"byte": "GB/s", "FLOP": "GFLOP/s"}[p.Unit]
	giga := func(seconds float64) string {
		if seconds <= 0 {
			return "any"
		}
		if seconds == math.MaxFloat64 {
			return "0"
		}
		return rate(1e-9 / seconds)
	}
	if p.Seconds.Value <= 0 {
		return "-", fmt.Sprintf("at least %s %s", giga(p.Seconds.Hi), unit)
	}
	return giga(p.Seconds.Value) + " " + unit, fmt.Sprintf("%s to %s", giga(p.Seconds.Hi), giga(p.Seconds.Lo))
}

// perKiB prints what the distance between cells adds to an operation.
func perKiB(seconds float64) string {
	if seconds == math.MaxFloat64 {
		return "any"
	}
	return fmt.Sprintf("%.2g ns/FLOP at 1 KiB", 1e9*1024*seconds)
}

func micro(seconds float64) string {
	if seconds == math.MaxFloat64 {
		return "any"
	}
	return fmt.Sprintf("%.3g µs", 1e6*seconds)
}

// remark says what the numbers of a row do not.
func remark(p roofline.Parameter) string {
	switch {
	case len(p.Confounded) > 0:
		return "not separable from " + strings.Join(p.Confounded, ", ")
	case p.AtBound:
		return "costs nothing that shows"
	}
	return ""
}

func shareOf(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// printValidation is the table of predicted against measured, each model by the
// fit that has not seen it; as Markdown for a README where that is asked for.
func printValidation(w io.Writer, v roofline.Validation, markdown bool) {
	t := newTable(w, table.Row{"case", "measured t/s", "predicted t/s", "95 % interval", "off", ""}, "measured t/s", "predicted t/s", "95 % interval", "off")
	for _, c := range v.Cases {
		p, mark := c.Prediction.TokensPerSecond, ""
		if !c.Inside() {
			mark = "outside"
		}
		t.AppendRow(table.Row{
			safe(c.Case), rate(c.Tokens / c.Seconds), rate(p.Value),
			rate(p.Lo) + " to " + rate(p.Hi), fmt.Sprintf("%+.1f %%", 100*c.Error()), mark,
		})
	}
	if markdown {
		t.RenderMarkdown()
	} else {
		fmt.Fprintln(w, "\nleave one model out:")
		t.Render()
	}
	d, p := v.Errors(roofline.KindDecode), v.Errors(roofline.KindPrefill)
	fmt.Fprintf(w, "\nMedian absolute error of a model that was left out: decode %s of %d cases, prefill %s of %d;\n%s of the cases lie inside the 95 %% interval.\n",
		shareOf(d.Median), d.N, shareOf(p.Median), p.N, shareOf(v.Coverage()))
	for _, s := range v.Skipped {
		fmt.Fprintf(w, "not predicted: %s\n", safe(s))
	}
}
