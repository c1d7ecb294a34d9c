package imports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/results"
)

// A CSV of speeds has a row a case: a header that names a model and a speed, in
// whatever order and among whatever else. Lines that begin with # are comments.
// Columns that say nothing that a record has are kept as what the runtime stood on.

// columns are the names that a column goes by.
var columns = map[string][]string{
	"runtime":  {"runtime", "engine", "backend", "tool", "history"},
	"session":  {"session", "run", "run_id"},
	"time":     {"time", "date", "timestamp", "started", "measured_at"},
	"machine":  {"machine", "host", "hostname"},
	"chip":     {"chip", "soc"},
	"macos":    {"macos", "os_version", "macos_version"},
	"version":  {"runtime_version", "version", "build", "commit"},
	"model":    {"model", "model_name", "series"},
	"type":     {"quant", "quantization", "weight_type", "model_type"},
	"revision": {"revision", "model_revision"},
	"test":     {"test", "kind", "phase", "task"},
	"prompt":   {"prompt", "n_prompt", "prompt_tokens"},
	"gen":      {"gen", "n_gen", "generated", "generation_tokens", "gen_tokens"},
	"depth":    {"depth", "n_depth", "context"},
	"speed":    {"tokens_per_s", "tokens_per_second", "tps", "tok_s", "tok/s", "t/s", "value", "avg_ts", "median"},
	"unit":     {"unit"},
	"samples":  {"samples", "samples_ts", "trials_tps"},
	"peak":     {"peak_gb", "peak_memory_gb"},
	"ignored":  {"event", "note", "notes", "comment", "source", "id", "doubtful"},
}

// Where a CSV does not say how many tokens a test has, llama-bench's defaults stand
// for it: only the scale of the times depends on them.
const (
	assumedPrompt = 512
	assumedGen    = 128
)

// sheet is a CSV with its header understood.
type sheet struct {
	place   map[string]int // by the keys of columns
	others  map[string]int // columns of no known meaning
	options Options
	source  string
	assumed bool
}

func isCSV(text []byte) bool {
	header, err := reader(text).Read()
	if err != nil {
		return false
	}
	place, _ := understand(header)
	_, model := place["model"]
	_, speed := place["speed"]
	return model && speed
}

func reader(text []byte) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comment, r.FieldsPerRecord, r.ReuseRecord = '#', -1, false
	return r
}

func understand(header []string) (place, others map[string]int) {
	place, others = map[string]int{}, map[string]int{}
	for meaning, names := range columns {
		for _, name := range names {
			at := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
			if _, taken := place[meaning]; at >= 0 && !taken {
				place[meaning] = at
			}
		}
	}
	for i, h := range header {
		h = strings.ToLower(strings.TrimSpace(h))
		known := slices.ContainsFunc(slices.Collect(valuesOf(columns)), func(names []string) bool { return slices.Contains(names, h) })
		if !known && h != "" {
			others[h] = i
		}
	}
	return place, others
}

func valuesOf(m map[string][]string) func(func([]string) bool) {
	return func(yield func([]string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// rowOf is a case of a run; the same again is measured by another process.
type rowOf struct {
	run string
	key results.Key
}

// speeds makes the runs of a CSV, in the order of their times: the rows of one
// session, runtime and machine are a run.
func speeds(text []byte, source string, o Options) ([]results.Run, error) {
	in := reader(text)
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	s := &sheet{options: o, source: source}
	s.place, s.others = understand(header)
	var runs []results.Run
	place, rows := map[string]int{}, map[rowOf]int{}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		line, _ := in.FieldPos(0)
		rec, err := s.record(row)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", source, line, err)
		}
		i, ok := place[rec.RunID]
		if !ok {
			i = len(runs)
			place[rec.RunID] = i
			runs = append(runs, results.Run{ID: rec.RunID, Source: source})
		}
		at := rowOf{rec.RunID, rec.Key()}
		if k, again := rows[at]; again { // another process
			m := runs[i].Records[k].Measured
			addRound(m, rec.Measured.SamplesNS)
			m.TokensPerSecond = results.Speed(m.SamplesNS, rec.Case.Tokens())
			continue
		}
		rows[at] = len(runs[i].Records)
		runs[i].Records = append(runs[i].Records, rec)
	}
	if o.Time.IsZero() && slices.ContainsFunc(runs, func(r results.Run) bool { return r.Records[0].Time.IsZero() }) {
		return nil, fmt.Errorf("%s does not say when it was measured; give the time", source)
	}
	s.order(runs)
	return runs, nil
}

// order gives runs without a time one, in their order behind the one before, and
// sorts.
func (s *sheet) order(runs []results.Run) {
	last := s.options.Time.Add(-time.Hour)
	for _, run := range runs {
		for i := range run.Records {
			if run.Records[i].Time.IsZero() {
				run.Records[i].Time = last.Add(time.Hour)
			}
		}
		last = run.Records[0].Time
	}
	slices.SortStableFunc(runs, func(a, b results.Run) int { return a.Records[0].Time.Compare(b.Records[0].Time) })
	if s.assumed && len(runs) > 0 {
		w := &runs[len(runs)-1].Warnings
		*w = append(*w, fmt.Sprintf("%s does not say how many tokens each test has; %d of a prompt and %d generated are taken, "+
			"which scales the times and nothing else", s.source, assumedPrompt, assumedGen))
	}
}

func (s *sheet) text(row []string, meaning string) string {
	if i, ok := s.place[meaning]; ok && i < len(row) {
		return strings.TrimSpace(row[i])
	}
	return ""
}

func (s *sheet) record(row []string) (results.Record, error) {
	rec := results.Record{Schema: results.Schema, Status: results.StatusOK, Host: s.options.Host}
	if name := s.text(row, "machine"); name != "" {
		rec.Host.Name = name
	}
	if chip := s.text(row, "chip"); chip != "" {
		rec.Host.Chip = chip
	}
	if v := s.text(row, "macos"); v != "" {
		rec.Host.OS, rec.Host.OSVersion = "darwin", v
	}
	rec.Runtime = results.Runtime{Name: s.text(row, "runtime"), Version: s.text(row, "version"), With: s.with(row)}
	if rec.Runtime.Name == "" {
		rec.Runtime.Name = strings.TrimSuffix(path.Base(s.source), path.Ext(s.source))
	}
	if rec.Runtime.Version == "" {
		rec.Runtime.Version = s.options.Version
	}
	rec.Model = results.Model{Name: s.text(row, "model"), WeightType: s.text(row, "type"), Revision: s.text(row, "revision")}
	if rec.Model.Name == "" {
		return rec, errors.New("it names no model")
	}
	rec.Model.Ref = rec.Model.Name
	if err := s.identify(row, &rec); err != nil {
		return rec, err
	}
	c, err := s.settings(row)
	if err != nil {
		return rec, err
	}
	rec.Case = c
	if rec.Measured, err = s.measured(row, c); err != nil {
		return rec, err
	}
	rec.Measured.TokensPerSecond = results.Speed(rec.Measured.SamplesNS, c.Tokens())
	timed := rec
	if timed.Time.IsZero() { // order gives it one
		timed.Time = time.Unix(0, 0)
	}
	return rec, timed.Validate()
}

// with are the columns of no known meaning.
func (s *sheet) with(row []string) map[string]string {
	out := map[string]string{}
	for name, i := range s.others {
		if i < len(row) && strings.TrimSpace(row[i]) != "" {
			out[name] = strings.TrimSpace(row[i])
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

var unfitForID = regexp.MustCompile(`[^A-Za-z0-9._+:-]+`)

// identify sets a record's run and time.
func (s *sheet) identify(row []string, rec *results.Record) error {
	session, when := s.text(row, "session"), s.text(row, "time")
	at, ok := parseTime(when)
	if when != "" && !ok {
		return fmt.Errorf("%q is not a time; write it as 2006-01-02T15:04:05Z", when)
	}
	if !ok {
		at, _ = parseTime(session)
	}
	rec.Time = at
	words := []string{session, rec.Runtime.Name, rec.Host.Name}
	if session == "" {
		words = []string{when, rec.Runtime.Version, rec.Runtime.Name, rec.Host.Name}
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	id := strings.Trim(unfitForID.ReplaceAllString(strings.Join(words, "-"), "-"), "-.+:_")
	rec.RunID = id[:min(len(id), 128)]
	return nil
}

var dayAndLetter = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})([a-z]?)$`)

// parseTime reads a time, a day, or a day with a letter for its sessions in order.
func parseTime(text string) (time.Time, bool) {
	if m := dayAndLetter.FindStringSubmatch(text); m != nil {
		day, err := time.Parse(time.DateOnly, m[1])
		if m[2] != "" {
			day = day.Add(time.Duration(m[2][0]-'a') * time.Hour)
		}
		return day, err == nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// What tests are called; the numbers are tokens of a prompt, or generated and at a depth.
var (
	prefillTest = regexp.MustCompile(`^(?i)(?:prefill|prompt|pp)[ _]?(\d{1,9})?$`)
	decodeTest  = regexp.MustCompile(`^(?i)(?:decode|generation|generate|gen|tg)[ _]?(\d{1,9})?(?: ?(?:after|@) ?d?(\d{1,9}))?$`)
)

// settings reads what the case does. A test of another name is kept with it.
func (s *sheet) settings(row []string) (results.Case, error) {
	c := results.Case{Kind: results.KindPrefill}
	test := s.text(row, "test")
	prompt, gen, depth := s.text(row, "prompt"), s.text(row, "gen"), s.text(row, "depth")
	if m := prefillTest.FindStringSubmatch(test); m != nil {
		prompt = firstOf(m[1], prompt)
	} else if m := decodeTest.FindStringSubmatch(test); m != nil {
		c.Kind, gen, depth = results.KindDecode, firstOf(m[1], gen), firstOf(m[2], depth, prompt)
	} else {
		if len(test) >= 3 && strings.EqualFold(test[:3], "dec") {
			c.Kind, depth = results.KindDecode, firstOf(depth, prompt)
		}
		c.Other = "test=" + test
	}
	var err error
	if c.Kind == results.KindDecode {
		c.NGen, err = s.count(gen, assumedGen, err)
		c.NDepth, err = s.count(depth, 0, err)
	} else {
		c.NPrompt, err = s.count(prompt, assumedPrompt, err)
		c.NDepth, err = s.count(depth, 0, err)
	}
	return c, err
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func (s *sheet) count(text string, assumed int, before error) (int, error) {
	if before != nil {
		return 0, before
	}
	if text == "" {
		s.assumed = s.assumed || assumed > 0
		return assumed, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1<<30 {
		return 0, fmt.Errorf("%q is not a number of tokens", text)
	}
	return n, nil
}

// measured reads the samples, or the one figure where there are none.
func (s *sheet) measured(row []string, c results.Case) (*results.Measured, error) {
	texts := strings.FieldsFunc(s.text(row, "samples"), func(r rune) bool { return strings.ContainsRune("; |[],", r) })
	if len(texts) == 0 {
		texts = []string{s.text(row, "speed")}
	}
	m := &results.Measured{}
	var ns []int64
	for _, text := range texts {
		one, err := s.duration(text, c.Tokens(), s.text(row, "unit"))
		if err != nil {
			return nil, err
		}
		ns = append(ns, one)
	}
	addRound(m, ns)
	if text := s.text(row, "peak"); text != "" {
		gb, err := strconv.ParseFloat(text, 64)
		if err != nil || !(gb > 0) || gb > 1e6 {
			return nil, fmt.Errorf("%q is not a number of GB", text)
		}
		peak := int64(math.Round(gb * 1e9))
		m.Memory = &results.Memory{PeakFootprintBytes: &peak}
	}
	return m, nil
}

// duration is the time of one sample of so many tokens.
func (s *sheet) duration(text string, tokens int, unit string) (int64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) || !(v > 1e-6) || v > 1e12 {
		return 0, fmt.Errorf("%q is not a speed or a time", text)
	}
	switch strings.ToLower(unit) {
	case "ms":
		return max(1, int64(math.Round(v*1e6))), nil
	case "s", "sec", "seconds":
		return max(1, int64(math.Round(v*1e9))), nil
	case "ns":
		return max(1, int64(math.Round(v))), nil
	}
	return max(1, int64(math.Round(1e9*float64(tokens)/v))), nil
}
