package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
)

// compiled is a schema as the command prints it.
func compiled(t *testing.T, of string) *jsonschema.Schema {
	t.Helper()
	status, out, errs := call("schema", of)
	require.Equal(t, line.StatusDone, status, errs)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource(of, doc))
	s, err := c.Compile(of)
	require.NoError(t, err)
	return s
}

// Every record that is kept here, of real runs and other tools, is as the schema says;
// one that is not is found.
func TestRecordsAreAsTheirSchemaSays(t *testing.T) {
	schema := compiled(t, "record")
	t.Setenv("ASSAY_HOME", t.TempDir())
	status, _, errs := call("import", benchFiles+"real.jsonl", "--machine", "mini")
	require.Equal(t, line.StatusDone, status, errs)
	_, imported, _ := call("export", "latest")
	night, err := os.ReadFile("../../results/export/testdata/night.jsonl")
	require.NoError(t, err)
	timed, err := os.ReadFile(timedRun(t, t.TempDir(), 0, 0, "m", "b1"))
	require.NoError(t, err)
	n := 0
	for text := range bytes.Lines(bytes.Join([][]byte{[]byte(imported), night, timed}, nil)) {
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		assert.NoError(t, schema.Validate(value))
		n++
	}
	assert.Greater(t, n, 30)

	for broken, want := range map[string]string{
		`{"schema": 99}`:                             "value must be 1",
		`{"schema": 1}`:                              "missing properties",
		`{"status": "fine"}`:                         "value must be one of 'ok', 'failed', 'skipped'",
		`{"time": "yesterday"}`:                      "is not valid date-time",
		`{"measured": {"samples_ns": [1.5]}}`:        "got number, want integer",
		`{"case": {"kind": "prefill", "n_ctx": ""}}`: "got string, want integer",
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(broken))
		require.NoError(t, err)
		assert.ErrorContains(t, schema.Validate(value), want, broken)
	}
}

// Every suite that is kept here is as the schema says, and what assay refuses of a
// suite's form the schema refuses.
func TestSuitesAreAsTheirSchemaSays(t *testing.T) {
	schema := compiled(t, "suite")
	files, err := filepath.Glob("../../harness/suite/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 2)
	valid := func(text []byte) error {
		var value any
		require.NoError(t, yaml.Unmarshal(text, &value))
		asJSON, err := json.Marshal(value)
		require.NoError(t, err)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		require.NoError(t, err)
		return schema.Validate(doc)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NoError(t, valid(text), file)
	}
	t.Setenv("ASSAY_HOME", t.TempDir())
	for wrong, at := range map[string]string{
		"    model: [m.gguf]\n    kinds: [kv]\n":      "[3:5]",
		"    kinds: [kx]\n":                           "[3:13]",
		"    kinds: [kv]\n    n_ctx: [-5]\n":          "[4:13]",
		"    kinds: [kv]\n    n_ctx: [many]\n":        "[4:13]",
		"    kinds: [kv]\n    flash_attn: [maybe]\n":  "[4:18]",
		"    kinds: [kv]\n    swa_full: [perhaps]\n":  "[4:16]",
		"    kinds: [kv]\n    n_threads: [1000000]\n": "[4:17]",
	} {
		text := "cases:\n  - models: [preset:smollm2-135m]\n" + wrong
		assert.Error(t, valid([]byte(text)), wrong)
		file := filepath.Join(t.TempDir(), "s.yaml")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		status, _, errs := call("run", file, "--no-store")
		assert.Equal(t, line.StatusUsage, status, wrong)
		assert.Contains(t, errs, at, wrong)
	}
}
