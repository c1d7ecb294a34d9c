package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"assay/results"
)

// Closing prints what belongs to no row of a run: what did not hold, what is missing,
// and what to know of the figures.
func Closing(w io.Writer, records []results.Record) {
	printLosses(w, records)
	printProblems(w, records)
	printAgreement(w, records)
	printMissing(w, records)
	printHostTime(w, records, apart(records))
	printSpread(w, records)
	printUnfit(w, records)
	printLacking(w, records)
	printFallbacks(w, records)
	printDevices(w, records)
}

// printProblems lists failed cases and checks that did not hold.
func printProblems(w io.Writer, records []results.Record) {
	for _, r := range records {
		if r.Status != results.StatusOK {
			fmt.Fprintf(w, "\n%s: %s: %s\n", r.Status, Safe(string(r.Key())), Safe(r.Error))
			for _, l := range r.Log {
				fmt.Fprintf(w, "    | %s\n", Safe(l))
			}
		}
		for _, c := range r.Checks {
			if !c.OK {
				fmt.Fprintf(w, "\nrefuted: %s\n  %s: %s\n", Safe(string(r.Key())), c.Name, Safe(c.Detail))
			}
		}
	}
	made, broken := outputChecks(records)
	if t := results.Count(records); t.Checks > made {
		holds := t.Checks - made - (t.Broken - broken)
		fmt.Fprintf(w, "\n✓ what was predicted holds: %d of %d checks of cache, weights and arithmetic\n", holds, t.Checks-made)
	}
}

// printMissing says once why a figure is absent, however many cases lack it.
func printMissing(w io.Writer, records []results.Record) {
	cases, order := map[string]int{}, []string{}
	for _, r := range records {
		lines := []string{}
		for figure, why := range measured(r).Missing {
			lines = append(lines, figure+" were not measured: "+why)
		}
		if r.Outcome() == results.NotPredicted {
			lines = append(lines, "nothing is predicted: "+r.NotPredicted)
		}
		for _, line := range lines {
			if cases[line]++; cases[line] == 1 {
				order = append(order, line)
			}
		}
	}
	slices.Sort(order)
	for _, line := range order {
		fmt.Fprintln(w, Wrapped(ofCases(cases[line], len(records))+" "+Safe(line)+".", ""))
	}
}

// ofCases begins a sentence on n of all cases.
func ofCases(n, all int) string {
	switch {
	case all == 1:
		return "In the one case"
	case n == all:
		return fmt.Sprintf("In all %d cases", all)
	}
	return fmt.Sprintf("In %d of %d cases", n, all)
}

// printUnfit says why the figures are not to be trusted: the reasons of the case
// that has the most, since readings differ from case to case.
func printUnfit(w io.Writer, records []results.Record) {
	var worst []string
	cases := 0
	for _, r := range records {
		if len(r.Host.Unfit) > 0 {
			cases++
		}
		if len(r.Host.Unfit) > len(worst) {
			worst = r.Host.Unfit
		}
	}
	if cases > 0 {
		line := fmt.Sprintf("%s this machine was not fit to be measured: %s.", ofCases(cases, len(records)), Safe(strings.Join(worst, "; ")))
		fmt.Fprintln(w, Wrapped(line, ""))
	}
}

// printLacking says once without which kernels a runtime's figures were measured.
func printLacking(w io.Writer, records []results.Record) {
	said := map[string]bool{}
	for _, r := range records {
		lacks := r.Runtime.Kernels.Lacking(r.Host.Chip)
		if line := r.Runtime.Name + ": " + lacks + "."; lacks != "" && !said[line] {
			said[line] = true
			fmt.Fprintln(w, Wrapped(Safe(line), ""))
		}
	}
}

// printFallbacks says once what a device has no kernel for, and in a line for each
// case what ran on the CPU beside it.
func printFallbacks(w io.Writer, records []results.Record) {
	said := map[string]bool{}
	differ := apart(records)
	for i, r := range records {
		for _, falls := range predicted(r).Fallbacks {
			if !said[falls] {
				said[falls] = true
				fmt.Fprintln(w, Wrapped(Safe(falls)+".", ""))
			}
		}
		if p := measured(r).Placement; p != nil && len(p.FellBack) > 0 {
			fmt.Fprintln(w, Wrapped(Safe(caseName(r.Case, differ[i])+": "+p.String()), ""))
		}
	}
}
