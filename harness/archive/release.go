package archive

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"assay/results"
)

// cutRelease takes RUN@RELEASE apart. The name of a file is whole.
func cutRelease(selector string) (run, release string) {
	at := strings.LastIndexByte(selector, '@')
	if _, err := os.Stat(selector); at <= 0 || err == nil {
		return selector, ""
	}
	return selector[:at], selector[at+1:]
}

// onlyRelease are the cases that a run measured in one of several releases, as cases
// of any run, so that two releases of it compare, or one with a run of another day.
func onlyRelease(run results.Run, release string) (results.Run, error) {
	out := run
	out.Records = nil
	var there []string
	for _, rec := range run.Records {
		if name := rec.Case.Release; name != release {
			if name != "" && !slices.Contains(there, name) {
				there = append(there, name)
			}
			continue
		}
		rec.Case.Release = ""
		out.Records = append(out.Records, rec)
	}
	switch {
	case len(out.Records) > 0:
		out.Source = strings.TrimSpace(run.Source + " " + release)
		return out, nil
	case there == nil:
		return out, fmt.Errorf("run %s was not of several releases; leave @%s out", run.ID, release)
	}
	return out, fmt.Errorf("run %s has no release %s; it has %s", run.ID, release, strings.Join(there, ", "))
}
