package diff

import (
	"fmt"
	"slices"
	"strings"

	"assay/results"
)

// IncomparableError says why two runs cannot be compared.
type IncomparableError struct {
	Why string
	// Apart says that they have no case in common.
	Apart bool
	// Unsure counts the cases of one side that could be of several models of the other.
	Unsure int
}

func (e *IncomparableError) Error() string { return e.Why }

// BadInput says that other runs, or --across, are needed.
func (e *IncomparableError) BadInput() bool { return true }

func short(s string) string {
	if len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" {
		s = s[:12]
	}
	return results.Printable(s)
}

// refuse returns an error where a comparison would mean nothing: the sides have no
// case in common, or were measured on different chips.
func (d *Diff) refuse(base, head results.Run, across []Aspect) error {
	if len(base.Records) > 0 && len(head.Records) > 0 && len(d.Cases) == 0 {
		of, other := subjects(base, results.Model.Called), subjects(head, results.Model.Called)
		if of == other {
			of, other = subjects(base, identity), subjects(head, identity)
		}
		why := fmt.Sprintf("the runs have no case in common: %s is of %s, %s of %s",
			results.Printable(base.ID), of, results.Printable(head.ID), other)
		if d.unsure > 0 {
			why += "; " + d.notPaired()
		}
		return &IncomparableError{why, true, d.unsure}
	}
	for _, x := range d.Differs {
		if x.What == string(Chip) && !slices.Contains(across, Chip) {
			return &IncomparableError{Why: fmt.Sprintf("the runs differ in chip (%s, then %s); --across chip compares them all the same",
				short(x.Base), short(x.Head))}
		}
	}
	return nil
}

// notPaired says of how many cases the model is not sure.
func (d *Diff) notPaired() string {
	return fmt.Sprintf("%d cases of one side were not paired: what is known of their model is true of several models of the other", d.unsure)
}

// identity is all that tells a model from others.
func identity(m results.Model) string { return strings.Join(m.Identity(), " ") }

// subjects are the runtimes and models of a run, for people.
func subjects(r results.Run, called func(results.Model) string) string {
	const most = 3
	var names []string
	for _, rec := range r.Records {
		name := results.Printable(strings.TrimSpace(rec.Runtime.Name + " " + called(rec.Model)))
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if n := len(names); n > most {
		names = append(names[:most], fmt.Sprintf("and %d more", n-most))
	}
	return strings.Join(names, ", ")
}
