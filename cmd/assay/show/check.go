package show

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/doctor"
)

// Trying says what was tried, as soon as it is known.
func Trying(w io.Writer, f doctor.Finding) {
	fmt.Fprintln(w, Clip(Safe(fmt.Sprintf("%s: %s: %s, %.1f s", f.Part, f.Name, f.Verdict, f.Seconds)), Columns))
}

// Checkup prints what was tried of this machine: a row each, then a sentence for what
// did not hold and for what could not be tried.
func Checkup(w io.Writer, c doctor.Checkup, file string) {
	t := NewTable(w, table.Row{"of", "tried", "", "readings", "s"}, "readings", "s")
	for _, f := range c.Findings {
		t.AppendRow(table.Row{f.Part, f.Name, f.Verdict, len(f.Readings), fmt.Sprintf("%.1f", f.Seconds)})
	}
	t.Render()
	for _, part := range []struct {
		verdict doctor.Verdict
		heading string
	}{{doctor.Broken, "did not hold"}, {doctor.NotHere, "could not be tried here"}} {
		if c.Count(part.verdict) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", part.heading)
		for _, f := range c.Findings {
			if f.Verdict == part.verdict {
				checked(w, f)
			}
		}
	}
	fmt.Fprintf(w, "\n%d held, %d did not hold, %d could not be tried, in %.0f s\n",
		c.Count(doctor.Held), c.Count(doctor.Broken), c.Count(doctor.NotHere), c.Seconds)
	if file != "" {
		fmt.Fprintf(w, "wrote %s\n", Safe(file))
	}
}

// checked is why one assumption did not hold, with where it was read.
func checked(w io.Writer, f doctor.Finding) {
	fmt.Fprintln(w, Wrapped("  "+Safe(f.Part+", "+f.Name+": "+f.Why), "    "))
	if f.Verdict != doctor.Broken {
		return
	}
	fmt.Fprintln(w, Wrapped("    assumed: "+Safe(f.Assumed), "      "))
	if f.Source != "" {
		fmt.Fprintln(w, Wrapped("    read in: "+Safe(f.Source), "      "))
	}
	for _, said := range f.Log {
		fmt.Fprintln(w, Clip("    "+Safe(said), Columns))
	}
}
