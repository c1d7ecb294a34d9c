package imports

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"assay/results"
)

// What mlx_lm.benchmark prints, from mlx_lm/benchmark.py of mlx-lm 0.31.3;
// total_time is not there in releases before March 2026.
var (
	mlxCommand = regexp.MustCompile(`mlx_lm[. ]benchmark\b.*?--model[ =](\S+)`)
	mlxTiming  = regexp.MustCompile(`^Timing with prompt_tokens=(\d{1,9}), generation_tokens=(\d{1,9}), batch_size=(\d{1,6})\.$`)
	mlxTrial   = regexp.MustCompile(`^Trial \d+: +prompt_tps=([^,]+), generation_tps=([^,]+), peak_memory=[^,]+(?:, total_time=[^,]+)?$`)
)

func isMLX(text []byte) bool {
	return bytes.Contains(text, []byte("Timing with prompt_tokens="))
}

// mlxBlock is one call of mlx_lm.benchmark.
type mlxBlock struct {
	model              string
	given              results.Case // settings on the command line
	prompt, gen, batch int
	promptTPS, genTPS  []float64
}

// mlxLM makes a run of the printed output of one or several calls: two cases
// each, prefill and decode. Equal calls are rounds of the same cases.
func mlxLM(text []byte, source string, o Options) ([]results.Run, error) {
	blocks, err := mlxBlocks(text, cmp.Or(o.Model, strings.TrimSuffix(path.Base(source), path.Ext(source))))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	if o.Time.IsZero() {
		return nil, fmt.Errorf("%s does not say when it was measured; give the time", source)
	}
	sum := sha256.Sum256(text)
	run := results.Run{ID: fmt.Sprintf("mlx-lm-%x", sum[:6]), Source: source}
	place := map[results.Key]int{}
	for _, b := range blocks {
		for _, rec := range b.records(o) {
			rec.RunID = run.ID
			i, ok := place[rec.Key()]
			if !ok {
				i = len(run.Records)
				place[rec.Key()] = i
				run.Records = append(run.Records, rec)
				continue
			}
			addRound(run.Records[i].Measured, rec.Measured.SamplesNS)
		}
	}
	for _, rec := range run.Records {
		rec.Measured.TokensPerSecond = results.Speed(rec.Measured.SamplesNS, rec.Case.Tokens())
	}
	run.Warnings = []string{source + ": mlx_lm.benchmark divides G tokens by the time of G-1 steps; decode is imported as G-1 tokens"}
	return []results.Run{run}, nil
}

func mlxBlocks(text []byte, model string) ([]mlxBlock, error) {
	var blocks []mlxBlock
	var given results.Case
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if m := mlxCommand.FindStringSubmatch(line); m != nil {
			model = m[1]
			var err error
			if given, err = mlxSettings(line); err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
		}
		if m := mlxTiming.FindStringSubmatch(line); m != nil {
			b := mlxBlock{model: model, given: given}
			for j, v := range []*int{&b.prompt, &b.gen, &b.batch} {
				*v, _ = strconv.Atoi(m[j+1])
			}
			if b.prompt < 1 || b.gen < 2 || b.batch < 1 {
				return nil, fmt.Errorf("line %d: nothing can be timed with %s", i+1, line)
			}
			blocks = append(blocks, b)
		}
		m := mlxTrial.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if len(blocks) == 0 {
			return nil, fmt.Errorf("line %d: a trial before the line \"Timing with\"", i+1)
		}
		if err := blocks[len(blocks)-1].add(m[1], m[2]); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	for _, b := range blocks {
		if len(b.promptTPS) == 0 {
			return nil, errors.New("a call without a finished trial")
		}
	}
	return blocks, nil
}

// mlxSettings are the settings that a command line of mlx-lm gives.
func mlxSettings(line string) (results.Case, error) {
	var c results.Case
	words := strings.Fields(strings.ReplaceAll(line, "=", " "))
	for _, s := range results.Settings {
		at := slices.Index(words, "--"+s.MLX)
		if s.MLX == "" || at < 0 || at+1 == len(words) {
			continue
		}
		v, err := s.Parse(words[at+1])
		if err != nil {
			return c, fmt.Errorf("%s: %w", words[at], err)
		}
		s.Put(&c, v)
	}
	return c, nil
}

func (b *mlxBlock) add(promptTPS, genTPS string) error {
	for _, f := range []struct {
		text string
		to   *[]float64
	}{{promptTPS, &b.promptTPS}, {genTPS, &b.genTPS}} {
		v, err := strconv.ParseFloat(f.text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 1e-3 || v > 1e9 {
			return fmt.Errorf("%q is not a speed", f.text)
		}
		*f.to = append(*f.to, v)
	}
	return nil
}

// records returns the prefill and the decode case of a call.
//
// For one sequence generation_tps is n+1 tokens over the time since the first
// of them, that is G over the time of G-1 steps (stream_generate in
// mlx_lm/generate.py): the case has the steps that were timed.
func (b mlxBlock) records(o Options) []results.Record {
	rec := results.Record{
		Schema: results.Schema, Time: o.Time, Status: results.StatusOK, Host: o.Host,
		Runtime: results.Runtime{Name: "mlx", Version: o.Version},
		Model:   results.Model{Ref: b.model, Name: path.Base(b.model)},
	}
	steps := b.gen
	if b.batch == 1 {
		steps--
	}
	prefill, decode := rec, rec
	prefill.Case, decode.Case = b.given, b.given
	c := &prefill.Case
	c.Kind, c.NPrompt, c.NGen, c.NDepth, c.NSeq = results.KindPrefill, b.prompt, 0, 0, b.batch
	prefill.Measured = &results.Measured{}
	addRound(prefill.Measured, durations(b.promptTPS, b.prompt*b.batch))
	c = &decode.Case
	c.Kind, c.NPrompt, c.NGen, c.NDepth, c.NSeq = results.KindDecode, 0, steps, b.prompt, b.batch
	decode.Measured = &results.Measured{}
	addRound(decode.Measured, durations(b.genTPS, b.gen*b.batch))
	return []results.Record{prefill, decode}
}

// durations returns the nanoseconds that so many tokens took at each speed.
func durations(tps []float64, tokens int) []int64 {
	ns := make([]int64, len(tps))
	for i, v := range tps {
		ns[i] = max(int64(math.Round(1e9*float64(tokens)/v)), 1)
	}
	return ns
}

// addRound adds the samples of one process.
func addRound(m *results.Measured, ns []int64) {
	round := 0
	if n := len(m.Rounds); n > 0 {
		round = m.Rounds[n-1] + 1
	}
	for range ns {
		m.Rounds = append(m.Rounds, round)
	}
	m.SamplesNS = append(m.SamplesNS, ns...)
}
