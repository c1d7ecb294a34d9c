package jsonl

import (
	"fmt"
	"io"

	"assay/results"
)

// ReadRuns reads the runs of a JSON Lines stream, in the order in which they
// begin; name is used in errors and as the runs' source. Half a line at the end
// becomes a warning of the last run; any other line that is not a record is an
// error that names the file and the line.
func ReadRuns(r io.Reader, name string) ([]results.Run, error) {
	var runs []results.Run
	place := map[string]int{}
	last := -1
	for in := NewReader(r, name); ; {
		rec, err := in.Read()
		switch cut, half := err.(*TruncatedError); {
		case err == io.EOF:
			return runs, nil
		case half && last >= 0:
			runs[last].Warnings = append(runs[last].Warnings, cut.Error())
			return runs, nil
		case err != nil:
			return nil, err
		}
		i, ok := place[rec.RunID]
		if !ok {
			i = len(runs)
			place[rec.RunID] = i
			runs = append(runs, results.Run{ID: rec.RunID, Source: name})
		}
		runs[i].Records = append(runs[i].Records, rec)
		last = i
	}
}

// OneRun returns the only run of those read from a file, or an error that
// says why there is not exactly one.
func OneRun(runs []results.Run, name string) (results.Run, error) {
	switch len(runs) {
	case 1:
		return runs[0], nil
	case 0:
		return results.Run{}, fmt.Errorf("%s holds no record", name)
	}
	return results.Run{}, fmt.Errorf("%s holds %d runs (%s, %s, ...); import it and name one of them",
		name, len(runs), runs[0].ID, runs[1].ID)
}
