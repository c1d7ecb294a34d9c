package imports_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/imports"
)

const sessions = `# One machine.
# Two sessions.
runtime,session,machine,macos,mlx,runtime_version,model,quant,revision,prompt,test,tokens_per_s,samples,peak_gb
mlx-lm,2026-07-12a,mini,26.5.2,0.32.0 homebrew,,gemma-4-31b-it,4bit,0d17175e,2048,prefill,207.5,207.1;207.5;208.0,18.5
mlx-lm,2026-07-12a,mini,26.5.2,0.32.0 homebrew,,gemma-4-31b-it,4bit,0d17175e,2048,decode,27.1,27.0;27.1;27.2,
mlx-lm,2026-07-02a,mini,26.5.1,,0.31.3,gemma-4-31b-it,4bit,0d17175e,2048,prefill,738,,
llama.cpp,2026-07-12b,mini,26.5.2,,b9910,gemma-4-31b-it,Q4_K_M,,512,prefill,738,,
`

func TestCSV(t *testing.T) {
	runs, err := imports.Read([]byte(sessions), "sessions.csv", imports.Options{})
	require.NoError(t, err)
	require.Len(t, runs, 3, "a run for each session and runtime, in the order of time")
	assert.Equal(t, []string{"2026-07-02a-mlx-lm-mini", "2026-07-12a-mlx-lm-mini", "2026-07-12b-llama.cpp-mini"},
		[]string{runs[0].ID, runs[1].ID, runs[2].ID})
	rec := runs[1].Records[0]
	assert.Equal(t, results.Key("mlx-lm gemma-4-31b-it 4bit prefill n_prompt=2048"), rec.Key())
	assert.Equal(t, runs[0].Records[0].Key(), rec.Key(), "versions and revisions are no part of the key")
	assert.Equal(t, map[string]string{"mlx": "0.32.0 homebrew"}, rec.Runtime.With)
	assert.Equal(t, "0d17175e", rec.Model.Revision)
	assert.Equal(t, "mini", rec.Host.Machine())
	assert.InDelta(t, 207.5, rec.Measured.TokensPerSecond.Median, 0.01)
	assert.Len(t, rec.Measured.SamplesNS, 3)
	assert.Equal(t, int64(18.5e9), *rec.Measured.Memory.PeakFootprintBytes)
	assert.Equal(t, results.Key("mlx-lm gemma-4-31b-it 4bit decode n_depth=2048 n_gen=128"), runs[1].Records[1].Key())
	assert.Equal(t, time.Date(2026, 7, 12, 1, 0, 0, 0, time.UTC), runs[2].Records[0].Time, "b is after a")
	assert.Contains(t, runs[2].Warnings[0], "128 generated are taken")
}

// The order of columns says nothing.
func TestCSVInAnyOrderOfColumns(t *testing.T) {
	want, err := imports.Read([]byte(sessions), "s.csv", imports.Options{})
	require.NoError(t, err)
	for turn := range strings.Count(strings.Split(sessions, "\n")[2], ",") {
		var turned []string
		for _, line := range strings.Split(strings.TrimSpace(sessions), "\n")[2:] {
			f := strings.Split(line, ",")
			slices.Reverse(f)
			turned = append(turned, strings.Join(append(f[turn:], f[:turn]...), ","))
		}
		got, err := imports.Read([]byte(strings.Join(turned, "\n")), "s.csv", imports.Options{})
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

// Other columns, times in milliseconds, tests of other names.
func TestCSVOfOtherForms(t *testing.T) {
	text := "history,series,machine,time,version,test,value,unit,samples,event\n" +
		"whisper,tiny fa=0,M2 Ultra,2024-05-14,22c96b4,enc,11.65,ms,,\n" +
		"emb,qwen3,M5,2026-06-28T18:44,,512x256_b8,46094,tokens/s,47936;46094,recovery\n" +
		"apart,coder,M3,2026-06-28T18:44,b1,decode 512 after 758 (code),51.7,tokens/s,,\n" +
		"apart,coder,M3,2026-06-28T18:44,b1,prefill 2349,598,tokens/s,,\n"
	runs, err := imports.Read([]byte(text), "h.csv", imports.Options{})
	require.NoError(t, err)
	require.Len(t, runs, 3)
	assert.Equal(t, []int64{11650000}, runs[0].Records[0].Measured.SamplesNS)
	var keys []results.Key
	for _, r := range runs {
		for _, rec := range r.Records {
			keys = append(keys, rec.Key())
		}
	}
	assert.Equal(t, []results.Key{
		`whisper "tiny fa=0" prefill n_prompt=512 other=test=enc`, `emb qwen3 prefill n_prompt=512 other=test=512x256_b8`,
		`apart coder decode n_gen=128 other="test=decode 512 after 758 (code)"`, `apart coder prefill n_prompt=2349`,
	}, keys)
}

func TestCSVRefuses(t *testing.T) {
	const header = "model,session,test,prompt,tokens_per_s\n"
	for row, want := range map[string]string{
		",2026-01-01,prefill,5,1":     "line 2: it names no model",
		"m,2026-01-01,prefill,x,1":    `line 2: "x" is not a number of tokens`,
		"m,2026-01-01,prefill,5,fast": `line 2: "fast" is not a speed or a time`,
		"m,2026-01-01,prefill,5,NaN":  `line 2: "NaN" is not a speed or a time`,
		"m,2026-01-01,prefill,5,0":    `line 2: "0" is not a speed or a time`,
	} {
		_, err := imports.Read([]byte(header+row+"\n"), "x.csv", imports.Options{})
		assert.ErrorContains(t, err, "x.csv: "+want)
	}
	_, err := imports.Read([]byte("model,time,tokens_per_s\nm,soon,1\n"), "x.csv", imports.Options{})
	assert.ErrorContains(t, err, `line 2: "soon" is not a time`)
}

func FuzzCSV(f *testing.F) {
	f.Add(sessions)
	f.Add("model,value\n\"a\nb\",1e300\n")
	f.Fuzz(func(t *testing.T, text string) {
		runs, err := imports.Read([]byte("model,session,test,prompt,samples,tokens_per_s\n"+text), "x.csv",
			imports.Options{Time: time.Unix(1, 0)})
		if err != nil {
			return
		}
		for _, r := range runs {
			for _, rec := range r.Records {
				assert.NoError(t, rec.Validate())
			}
		}
	})
}

// What has no end is not read: a pipe, a device, a folder, more than can be.
func TestReadFileRefusesWhatHasNoEnd(t *testing.T) {
	dir := t.TempDir()
	pipe, huge := filepath.Join(dir, "f.jsonl"), filepath.Join(dir, "huge.jsonl")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	require.NoError(t, os.WriteFile(huge, nil, 0o600))
	require.NoError(t, os.Truncate(huge, 5<<30))
	for name, want := range map[string]string{
		pipe: "is no regular file", "/dev/zero": "is no regular file", "/dev/urandom": "is no regular file",
		dir: "is a folder", huge: "at most",
	} {
		_, err := imports.ReadFile(name, imports.Options{})
		assert.ErrorContains(t, err, want)
	}
}
