package site

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"assay/results/report"
)

// compareData is the page that compares two runs.
type compareData struct {
	Made     time.Time
	Machines []named
}

// named is a machine and the file with its figures.
type named struct{ ID, Name, File string }

func newCompare(in Input) compareData {
	d := compareData{Made: in.Made}
	for _, m := range in.Machines {
		d.Machines = append(d.Machines, named{short(m.Name), m.Name, dataFile(m)})
	}
	return d
}

type runData struct {
	ID    string   `json:"id"`
	Day   string   `json:"day"`
	Tags  []string `json:"tags,omitempty"`
	Unfit bool     `json:"unfit,omitempty"`
}

// caseRows are the figures of one case by run. Speeds are tokens a second with the
// bounds of their 95 % interval: [run, median] or [run, median, low, high]. Steps are
// [run, bytes or operations] where they are not what they were before.
type caseRows struct {
	Key      string      `json:"key"`
	Model    string      `json:"model"`
	Runtime  string      `json:"runtime"`
	Test     string      `json:"test"`
	Settings string      `json:"settings,omitempty"`
	Page     string      `json:"page"`
	Speed    [][]float64 `json:"speed,omitempty"`
	KVBytes  [][2]int64  `json:"kv,omitempty"`
	FLOPs    [][2]int64  `json:"flops,omitempty"`
	// In are the first and the last of each row of runs that have the case.
	In [][2]int `json:"in"`
}

// writeData writes a machine's figures as a call of a script: a page that lies in a
// folder may read no other kind of file. They are a name, runs, and cases, which are
// written one after the other. JSON escapes what a script or page could take for its own.
func writeData(w io.Writer, m Machine) error {
	runs, place := []runData{}, map[string]int{}
	for i, r := range m.Runs {
		place[r.ID] = i
		runs = append(runs, runData{r.ID, r.Time.Format("2006-01-02 15:04"), r.Tags, r.Unfit > 0})
	}
	head, err := json.Marshal(struct {
		Name string    `json:"name"`
		Runs []runData `json:"runs"`
	}{m.Name, runs})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "assay(%q, %s,\n\"cases\":[", short(m.Name), head[:len(head)-1]); err != nil {
		return err
	}
	for i, c := range m.Cases {
		text, err := json.Marshal(newCaseRows(m, i, c, place))
		if err != nil {
			return err
		}
		separator := ",\n"
		if i == 0 {
			separator = "\n"
		}
		if _, err := fmt.Fprintf(w, "%s%s", separator, text); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(w, "]});")
	return err
}

func newCaseRows(m Machine, i int, c Case, place map[string]int) caseRows {
	rec := c.Record
	rows := caseRows{
		Key: string(c.History.Key), Model: report.ModelName(rec), Runtime: rec.Runtime.Name, Test: rec.Case.Test(),
		Settings: rec.Case.Variant(), Page: casePage(m, i), In: [][2]int{},
	}
	for _, p := range c.History.Points {
		at, ok := place[p.Run]
		if !ok {
			continue
		}
		if n := len(rows.In); n > 0 && rows.In[n-1][1] == at-1 {
			rows.In[n-1][1] = at
		} else {
			rows.In = append(rows.In, [2]int{at, at})
		}
		if p.Median > 0 {
			one := []float64{float64(at), digits(p.Median)}
			if p.Lo < p.Hi {
				one = append(one, digits(p.Lo), digits(p.Hi))
			}
			rows.Speed = append(rows.Speed, one)
		}
	}
	rows.KVBytes, rows.FLOPs = byRun(c.KVBytes, c.History.Points, place), byRun(c.FLOPs, c.History.Points, place)
	return rows
}

// byRun are steps by the runs of their points.
func byRun(steps []Step, points []report.Point, place map[string]int) [][2]int64 {
	var out [][2]int64
	for _, s := range steps {
		if run, ok := place[points[s.At].Run]; ok {
			out = append(out, [2]int64{int64(run), s.Is})
		}
	}
	return out
}

// digits rounds a speed to five digits, which is more than it is known to.
func digits(v float64) float64 {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64) // its own text
	return short
}
