package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"assay/harness/archive"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/night"
)

// replay judges runs as if they had been nights: those that are named, or all of the
// store.
func (o *nightlyFlags) replay(ctx context.Context, s streams, args []string) error {
	across, err := diff.ParseAspects(o.across.values)
	if err != nil {
		return usageError{err}
	}
	st, err := archive.Read(ctx, o.store)
	if err != nil {
		return err
	}
	defer st.Close()
	runs, err := archive.Replayable(ctx, st, args)
	if err != nil {
		return err
	}
	nights, err := night.Replay(ctx, runs, diff.Options{Smallest: o.smallest / 100, Across: across})
	if err != nil {
		return err
	}
	if o.asJSON {
		return printJSON(s.out, nights)
	}
	for _, run := range runs {
		for _, w := range run.Warnings {
			fmt.Fprintf(s.err, "warning: %s\n", safe(w))
		}
	}
	printReplay(s.out, nights)
	return nil
}

func printReplay(w io.Writer, nights []night.Replayed) {
	said := 0
	for _, n := range nights {
		loud := alert.Loud(n.Alerts)
		what := "nothing"
		switch {
		case n.NotJudged != "":
			what = n.NotJudged
		case len(loud) > 0:
			what, said = counted(loud), said+1
		case n.First:
			what = "the first night of " + n.Machine
		}
		fmt.Fprintf(w, "%s (%d cases): %s\n", safe(n.Run), n.Cases, safe(what))
		for _, a := range loud {
			fmt.Fprintf(w, "  %s\n", safe(alert.Line(a)))
		}
	}
	fmt.Fprintf(w, "\n%d runs, %d of them with something to say.\n", len(nights), said)
}

// counted says how many alerts of each state there are.
func counted(alerts []alert.Alert) string {
	count := map[alert.State]int{}
	for _, a := range alerts {
		count[a.State]++
	}
	var words []string
	for _, state := range []alert.State{alert.New, alert.Reminded, alert.PartlyRecovered, alert.Recovered} {
		if count[state] > 0 {
			words = append(words, fmt.Sprintf("%d %s", count[state], state))
		}
	}
	return strings.Join(words, ", ")
}
