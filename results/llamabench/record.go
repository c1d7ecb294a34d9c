package llamabench

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat"

	"assay/results"
)

// FromRecords returns the rows of the timed cases that succeeded; llama-bench
// has no others.
func FromRecords(records []results.Record) []Row {
	var rows []Row
	for _, rec := range records {
		if rec.Status == results.StatusOK && rec.Measured != nil && len(rec.Measured.SamplesNS) > 0 && rec.Case.Tokens() > 0 {
			rows = append(rows, fromRecord(rec))
		}
	}
	return rows
}

func fromRecord(rec results.Record) Row {
	row := defaults()
	row.Case = benchOnly(rec.Case)
	row.BuildCommit, row.BuildNumber = build(rec.Runtime.Version)
	row.CPUInfo, row.Backends = rec.Host.Chip, rec.Runtime.Device
	if rec.Runtime.Name == "mlx" {
		row.Backends = "MLX"
	}
	if row.Backends == "" {
		row.Backends = "CPU"
	}
	if row.Backends != "CPU" {
		row.GPUInfo = rec.Host.Chip
	}
	row.ModelFilename, row.ModelType = rec.Model.Ref, modelType(rec.Model)
	row.ModelSize, row.ModelNParams = rec.Model.WeightBytes, rec.Model.NParams
	row.TestTime = rec.Time.UTC().Format(time.RFC3339)
	row.samples(rec.Measured.SamplesNS, rec.Case.Tokens())
	return row
}

// modelType is architecture, size and type, as llama_model_desc has them; the size
// is one of llama.cpp's own names, and "?B" to it where it has none.
func modelType(m results.Model) string {
	return strings.Join(slices.DeleteFunc([]string{m.Arch, "?B", m.Weights()}, func(w string) bool { return w == "" }), " ")
}

// benchOnly are the settings of a case that llama-bench has.
func benchOnly(c results.Case) results.Case {
	var out results.Case
	for _, s := range results.Settings {
		if s.LlamaBench[0] != "" {
			s.Put(&out, s.Of(c))
		}
	}
	return out
}

// samples sets the figures that llama-bench computes of its samples; the
// deviation of one sample is 0 there.
func (r *Row) samples(ns []int64, tokens int) {
	r.SamplesNS = ns
	durations := make([]float64, len(ns))
	for i, v := range ns {
		durations[i] = float64(v)
		r.SamplesTS = append(r.SamplesTS, 1e9*float64(tokens)/float64(v))
	}
	r.AvgNS, r.AvgTS = int64(stat.Mean(durations, nil)), stat.Mean(r.SamplesTS, nil)
	if len(ns) > 1 {
		r.StddevNS, r.StddevTS = int64(stat.StdDev(durations, nil)), stat.StdDev(r.SamplesTS, nil)
	}
}

var numberedBuild = regexp.MustCompile(`^b(\d{1,9})(?:-(.+))?$`)

// build splits the version "b7000-abcdef0" into commit and number; a version
// of another form is the commit as it is.
func build(version string) (commit string, number int64) {
	m := numberedBuild.FindStringSubmatch(version)
	if m == nil {
		return version, 0
	}
	number, _ = strconv.ParseInt(m[1], 10, 64)
	if m[2] == "" {
		return version, number
	}
	return m[2], number
}

func version(commit string, number int64) string {
	switch {
	case number == 0:
		return commit
	case commit == "" || commit == fmt.Sprintf("b%d", number):
		return fmt.Sprintf("b%d", number)
	}
	return fmt.Sprintf("b%d-%s", number, commit)
}

// ToRuns returns the runs that the rows come from: a new one begins where the
// build or the machine changes and where a test is repeated. Their ids are
// made of the rows, so reading a file twice gives the same runs.
func ToRuns(rows []Row, source string) []results.Run {
	var runs []results.Run
	var part []Row
	seen := map[string]bool{}
	flush := func() {
		if len(part) > 0 {
			runs = append(runs, toRun(part, source))
		}
		part = nil
		clear(seen)
	}
	for _, row := range rows {
		key := string(row.record("").Key())
		if len(part) > 0 && (part[0].origin() != row.origin() || seen[key]) {
			flush()
		}
		part, seen[key] = append(part, row), true
	}
	flush()
	return runs
}

// origin is what all rows of a run have in common.
func (r Row) origin() [4]string {
	return [4]string{r.BuildCommit, fmt.Sprint(r.BuildNumber), r.CPUInfo, r.GPUInfo}
}

func toRun(rows []Row, source string) results.Run {
	hash := sha256.New()
	_ = WriteJSONL(hash, rows) // a hash takes everything
	start, _ := time.Parse(time.RFC3339, rows[0].TestTime)
	run := results.Run{
		ID:     fmt.Sprintf("llama-bench-%s-%x", start.UTC().Format("20060102T150405Z"), hash.Sum(nil)[:4]),
		Source: source,
	}
	means := false
	for _, row := range rows {
		run.Records = append(run.Records, row.record(run.ID))
		means = means || len(row.SamplesNS) == 0
	}
	if means {
		run.Warnings = append(run.Warnings, source+": CSV and SQL hold only the mean of a test's samples; it stands as its one sample")
	}
	return run
}

func (r Row) record(run string) results.Record {
	at, _ := time.Parse(time.RFC3339, r.TestTime)
	c := r.Case // llama-bench's context holds what the test needs, of one sequence
	c.Kind, c.NCtx, c.NSeq, c.Other = results.KindDecode, c.NPrompt+c.NGen+c.NDepth, 1, strings.TrimSpace(c.Other+" "+r.other())
	if c.NGen == 0 {
		c.Kind = results.KindPrefill
	}
	if c.NGPULayers < 0 { // all of them, the default of newer releases
		c.NGPULayers = results.Defaults().NGPULayers
	}
	arch, fileType := r.modelType()
	return results.Record{
		Schema: results.Schema, RunID: run, Time: at, Status: results.StatusOK,
		Host:    results.Host{Chip: cmp.Or(r.GPUInfo, r.CPUInfo)},
		Runtime: results.Runtime{Name: "llama.cpp", Version: version(r.BuildCommit, r.BuildNumber), Device: r.Backends},
		Model: results.Model{
			Ref: r.ModelFilename, Name: r.modelName(), Arch: arch, FileType: fileType,
			SizeBytes: r.ModelSize, WeightBytes: r.ModelSize, NParams: r.ModelNParams,
		},
		Case: c, Measured: r.measured(),
	}
}

func (r Row) modelName() string {
	file := path.Base(strings.ReplaceAll(r.ModelFilename, `\`, "/"))
	return strings.TrimSuffix(file, ".gguf")
}

// modelType splits "llama 8B Q4_K - Medium" into the architecture and the file
// type. What stands in brackets is part of a size ("17Bx16E (Scout)") or says that
// the type was guessed, and older releases wrote "mostly Q4_0"; the type is the same.
// A type that llama.cpp does not know ("unknown, may not work") is none.
func (r Row) modelType() (arch, fileType string) {
	words := strings.Fields(r.ModelType)
	if len(words) < 3 {
		return r.ModelType, ""
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "mostly" || strings.HasPrefix(w, "(") })
	fileType = strings.Join(words[min(2, len(words)):], " ")
	if strings.HasPrefix(fileType, "unknown") {
		fileType = ""
	}
	return words[0], fileType
}

// other lists the parameters that are not at llama-bench's defaults and that
// a record has no name for. They are part of the case's key.
func (r Row) other() string {
	usual := defaults()
	columns := columns()
	var words []string
	for _, name := range []string{"use_mmap", "embeddings"} {
		c := columns[slices.IndexFunc(columns, func(c column) bool { return c.name == name })]
		if text := c.text(&r); text != c.text(&usual) {
			words = append(words, name+"="+text)
		}
	}
	return strings.Join(words, " ")
}

func (r Row) measured() *results.Measured {
	samples := r.SamplesNS
	if len(samples) == 0 {
		samples = []int64{r.AvgNS}
	}
	return &results.Measured{SamplesNS: samples, TokensPerSecond: results.Speed(samples, r.Case.NPrompt+r.Case.NGen)}
}
