package results

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// Validate returns an error that names the first thing in the record that
// cannot be: a schema from the future, no run, an unknown status, a NaN or
// infinite figure, a sample that took no time.
func (r Record) Validate() error {
	switch {
	case r.Schema > Schema:
		return fmt.Errorf("schema %d is newer than the %d this program reads; use a newer assay", r.Schema, Schema)
	case r.Schema < 1:
		return fmt.Errorf("schema is %d; a record has 1 or more", r.Schema)
	case !ValidRunID(r.RunID):
		return fmt.Errorf("run_id is %q; it must be 1 to 128 letters, digits or any of . _ + : -, and begin with a letter or digit", r.RunID)
	case r.Time.IsZero():
		return fmt.Errorf("time is missing")
	case r.Time.Year() < firstYear || r.Time.Year() > lastYear:
		return fmt.Errorf("time is in the year %d", r.Time.Year())
	}
	switch r.Status {
	case StatusOK, StatusFailed, StatusSkipped:
	default:
		return fmt.Errorf("status is %q; it must be ok, failed or skipped", r.Status)
	}
	if err := r.Case.validate(); err != nil {
		return err
	}
	if err := r.Measured.validate(); err != nil {
		return err
	}
	return finite("", reflect.ValueOf(r))
}

// No record is from another year: a history is kept in nanoseconds since 1970, which
// end in 2262.
const firstYear, lastYear = 1970, 2200

// validate refuses a count below zero, but for the words that have one.
func (c Case) validate() error {
	for _, s := range Settings {
		n, ok := s.Of(c).(int)
		if _, word := s.Words[strconv.Itoa(n)]; ok && n < 0 && !word {
			return fmt.Errorf("case.%s is %d; it cannot be below 0", s.Name, n)
		}
	}
	return nil
}

// ValidRunID reports whether id can name a run. It is used in file names and
// on command lines, so it is one word without separators.
func ValidRunID(id string) bool { return runID.MatchString(id) }

var runID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+:-]{0,127}$`)

func (m *Measured) validate() error {
	if m == nil {
		return nil
	}
	for i, ns := range m.SamplesNS {
		if ns <= 0 {
			return fmt.Errorf("measured.samples_ns[%d] is %d; a sample takes at least 1 ns", i, ns)
		}
	}
	if len(m.Rounds) > 0 && len(m.Rounds) != len(m.SamplesNS) {
		return fmt.Errorf("measured.rounds has %d entries for %d samples", len(m.Rounds), len(m.SamplesNS))
	}
	return nil
}

// finite returns an error that names the first NaN or infinity below v.
func finite(name string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%s is %v; a figure that is not known is left out", strings.TrimPrefix(name, "."), f)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return finite(name, v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := finite(fmt.Sprintf("%s[%d]", name, i), v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() {
				continue // time.Time
			}
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if err := finite(name+"."+tag, v.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}
