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
	row, c := defaults(), rec.Case
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
	row.ModelFilename, row.ModelType = rec.Model.Ref, strings.TrimSpace(rec.Model.Name+" "+rec.Model.WeightType)
	row.ModelSize, row.ModelNParams = rec.Model.WeightBytes, rec.Model.NParams
	row.NBatch, row.NUbatch, row.NThreads = int64(c.NBatch), int64(c.NUbatch), int64(c.NThreads)
	row.TypeK, row.TypeV, row.NGPULayers = c.TypeK, c.TypeV, int64(c.NGPULayers)
	row.FlashAttn = number(c.FlashAttn)
	row.NPrompt, row.NGen, row.NDepth = int64(c.NPrompt), int64(c.NGen), int64(c.NDepth)
	row.TestTime = rec.Time.UTC().Format(time.RFC3339)
	row.samples(rec.Measured.SamplesNS, c.Tokens())
	return row
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
	kind := results.KindDecode
	if r.NGen == 0 {
		kind = results.KindPrefill
	}
	arch, weights := r.modelType()
	return results.Record{
		Schema: results.Schema, RunID: run, Time: at, Status: results.StatusOK,
		Host:    results.Host{Chip: cmp.Or(r.GPUInfo, r.CPUInfo)},
		Runtime: results.Runtime{Name: "llama.cpp", Version: version(r.BuildCommit, r.BuildNumber), Device: r.Backends},
		Model: results.Model{
			Ref: r.ModelFilename, Name: r.modelName(), Arch: arch, WeightType: weights,
			WeightBytes: r.ModelSize, NParams: r.ModelNParams,
		},
		Case: results.Case{
			Kind: kind, NCtx: int(r.NPrompt + r.NGen + r.NDepth),
			NPrompt: int(r.NPrompt), NGen: int(r.NGen), NDepth: int(r.NDepth),
			NBatch: int(r.NBatch), NUbatch: int(r.NUbatch), NSeq: 1, TypeK: r.TypeK, TypeV: r.TypeV,
			FlashAttn: flashAttn[r.FlashAttn], NGPULayers: int(r.NGPULayers), NThreads: int(r.NThreads), Other: r.other(),
		},
		Measured: r.measured(),
	}
}

// flashAttn are the words of a record for llama-bench's numbers.
var flashAttn = map[tri]string{-1: "auto", 0: "off", 1: "on"}

// number returns llama-bench's number for a word; a runtime without the
// switch has it off.
func number(word string) tri {
	for n, w := range flashAttn {
		if w == word {
			return n
		}
	}
	return 0
}

func (r Row) modelName() string {
	file := path.Base(strings.ReplaceAll(r.ModelFilename, `\`, "/"))
	return strings.TrimSuffix(file, ".gguf")
}

// modelType splits "llama 7B Q4_K - Medium" into the architecture and the
// weight type as GGUF spells it, q4_K.
func (r Row) modelType() (arch, weights string) {
	words := strings.Fields(r.ModelType)
	if len(words) < 3 {
		return r.ModelType, ""
	}
	weights = words[2]
	if quantised, rest, found := strings.Cut(weights, "Q"); found {
		return words[0], strings.ToLower(quantised) + "q" + rest
	}
	return words[0], strings.ToLower(weights)
}

// other lists the parameters that are not at llama-bench's defaults and that
// a record has no name for. They are part of the case's key.
func (r Row) other() string {
	usual := defaults()
	var words []string
	for _, name := range []string{"cpu_mask", "cpu_strict", "poll", "n_cpu_moe", "split_mode", "main_gpu", "no_kv_offload",
		"devices", "tensor_split", "tensor_buft_overrides", "use_mmap", "embeddings", "no_op_offload", "no_host"} {
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
	return &results.Measured{SamplesNS: samples, TokensPerSecond: results.Speed(samples, int(r.NPrompt+r.NGen))}
}
