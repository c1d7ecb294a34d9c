package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/results"
	"assay/results/jsonl"
)

// Select returns the run that a selector names, among those of the filter:
//
//	latest, latest~2     the newest run with records, the second before it
//	baseline             the run that the machine's baseline stands on
//	2026-11-20           the last run that began on that day, local time
//	before-update        a tag, as TagRun gives them
//	20261120T02, night7  a run's id, or the beginning of only one id
//	./night.jsonl        a file, if it is there or the word has a separator
//
// A file is read as readFile does; the rest comes from the store.
func (s *Store) Select(ctx context.Context, selector string, f Filter, readFile func(string) ([]results.Run, error)) (results.Run, error) {
	if isFile(selector) {
		runs, err := readFile(selector)
		if err != nil {
			return results.Run{}, err
		}
		return jsonl.OneRun(runs, selector)
	}
	id, err := s.SelectID(ctx, selector, f)
	if err != nil {
		return results.Run{}, err
	}
	return s.Run(ctx, id)
}

// SelectAll returns the run that a selector names, or all runs of a file.
func (s *Store) SelectAll(ctx context.Context, selector string, readFile func(string) ([]results.Run, error)) ([]results.Run, error) {
	if isFile(selector) {
		return readFile(selector)
	}
	run, err := s.Select(ctx, selector, Filter{}, readFile)
	return []results.Run{run}, err
}

// isFile reports whether a selector is a file. A word with a meaning of its
// own has it even where a file is called so.
func isFile(selector string) bool {
	if word, _, _ := strings.Cut(selector, "~"); reserved(word) {
		return false
	}
	if strings.ContainsAny(selector, `/\`) || filepath.Ext(selector) == ".jsonl" {
		return true
	}
	info, err := os.Stat(selector)
	return err == nil && info.Mode().IsRegular()
}

// SelectID returns the id of the run in the store that a selector names.
func (s *Store) SelectID(ctx context.Context, selector string, f Filter) (string, error) {
	name, back, err := parseBack(selector)
	if err != nil {
		return "", err
	}
	if day, ok := parseDay(name); ok && back == 0 {
		f.Since, f.Until = day, day.AddDate(0, 0, 1)
		return s.newest(ctx, selector, f, 0)
	}
	switch {
	case name == "latest":
		return s.newest(ctx, selector, f, back)
	case back > 0:
		return "", fmt.Errorf("%q: only latest can be followed by ~", selector)
	case name == "baseline":
		return s.baseline(ctx, f.Machine)
	}
	return s.byName(ctx, name)
}

// parseBack splits "latest~2" into its name and how far to go back.
func parseBack(selector string) (name string, back int, err error) {
	name, count, found := strings.Cut(selector, "~")
	if !found {
		return name, 0, nil
	}
	back, err = strconv.Atoi(count)
	if err != nil || back < 0 {
		return "", 0, fmt.Errorf("%q: ~ must be followed by how many runs to go back", selector)
	}
	return name, back, nil
}

// newest returns the run that is back runs before the newest with records.
func (s *Store) newest(ctx context.Context, selector string, f Filter, back int) (string, error) {
	f.Recorded, f.Last = true, back+1
	runs, err := s.Runs(ctx, f)
	if err != nil {
		return "", err
	}
	if len(runs) <= back {
		return "", fmt.Errorf("the store %s has no run for %q; 'assay run' measures one, and 'assay import' reads one from a file",
			s.name, selector)
	}
	return runs[0].ID, nil
}

// baseline returns the run that the baseline of all cases stands on.
func (s *Store) baseline(ctx context.Context, machine string) (string, error) {
	moves, err := s.Baselines(ctx, machine)
	if err != nil {
		return "", err
	}
	run, of := "", map[string]bool{}
	for _, m := range moves {
		if m.Key == "" {
			run, of[m.Machine] = m.Run, true
		}
	}
	switch {
	case run == "":
		return "", fmt.Errorf("the store %s has no baseline yet; 'assay diff BASE HEAD --accept' sets one", s.name)
	case len(of) > 1:
		return "", fmt.Errorf("%d machines in the store %s have a baseline; name one", len(of), s.name)
	}
	return run, nil
}

// mostNamed is how many runs an error names.
const mostNamed = 4

// byName returns the run whose id or tag a name is, or the only one whose id begins
// with it.
func (s *Store) byName(ctx context.Context, prefix string) (string, error) {
	if !results.ValidRunID(prefix) {
		return "", fmt.Errorf("%q is neither a run, a date nor a file", prefix)
	}
	runs, err := s.runs(ctx, ` WHERE id = ?1 OR substr(id, 1, ?2) = ?1`, 0, prefix, len(prefix))
	if err != nil {
		return "", fmt.Errorf("look up run %s: %w", prefix, err)
	}
	var ids []string
	for _, r := range runs {
		if r.ID == prefix {
			return prefix, nil
		}
		ids = append(ids, r.ID)
	}
	var tag Tag
	if found, err := s.Document(ctx, tagKind, prefix, &tag); found || err != nil {
		return tag.Run, err
	}
	switch len(ids) {
	case 0:
		return "", fmt.Errorf("the store %s has no run or tag %s, and there is no such file; 'assay list' lists the runs", s.name, prefix)
	case 1:
		return ids[0], nil
	}
	some := strings.Join(ids[:min(len(ids), mostNamed)], ", ")
	if len(ids) > mostNamed {
		some += " and others"
	}
	return "", fmt.Errorf("%d runs begin with %s: %s; write more of the one that is meant", len(ids), prefix, some)
}

// CheckFilter says why a filter selects no run with records, or nil: what there
// is instead.
func (s *Store) CheckFilter(ctx context.Context, f Filter) error {
	f.Recorded = true
	found, err := s.Runs(ctx, f)
	if err != nil || len(found) > 0 {
		return err
	}
	all, err := s.Runs(ctx, Filter{Recorded: true})
	if err != nil {
		return err
	}
	var machines []string
	for _, r := range all {
		if !slices.Contains(machines, r.Machine) {
			machines = append(machines, r.Machine)
		}
	}
	switch {
	case len(all) == 0:
		return fmt.Errorf("the store %s has no runs yet; 'assay run' measures one", s.name)
	case f.Machine != "" && !slices.Contains(machines, f.Machine):
		return fmt.Errorf("the store %s has no machine %q; there are %s", s.name, f.Machine, results.Printable(strings.Join(machines, ", ")))
	}
	first, last := all[0].Started, all[len(all)-1].Started
	return fmt.Errorf("the store %s has no run of these days; its runs are of %s to %s",
		s.name, first.Local().Format(time.DateOnly), last.Local().Format(time.DateOnly))
}
