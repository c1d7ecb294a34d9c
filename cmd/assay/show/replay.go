package show

import (
	"fmt"
	"io"
	"strings"

	"assay/results/alert"
	"assay/results/figure"
	"assay/results/night"
)

// Replay prints what each replayed night would have announced.
func Replay(w io.Writer, nights []night.Replayed) {
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
			what = "the first night of these cases on " + n.Machine
		}
		fmt.Fprintf(w, "%s (%s): %s\n", Safe(n.Run), figure.Several(n.Cases, "case"), Safe(what))
		for _, a := range loud {
			fmt.Fprintf(w, "  %s\n", Safe(alert.Line(a)))
		}
	}
	fmt.Fprintf(w, "\n%s, %d of them with something to say.\n", figure.Several(len(nights), "run"), said)
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
