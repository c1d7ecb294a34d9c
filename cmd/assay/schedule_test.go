package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What calls assay at night cannot be tried here: launchd and GitHub's runners.
// These tests hold what they are given against what they and assay take.

const nightlyScripts = root + "/scripts/nightly/"

// plist reads a property list: dictionaries as map[string]any, arrays as []any,
// and the scalars that a job has.
func plist(text []byte) (map[string]any, error) {
	dec := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "dict" {
			value, err := plistValue(dec, start)
			if err != nil {
				return nil, err
			}
			// To the end, so that what is not closed is found.
			for ; err == nil; _, err = dec.Token() {
			}
			if !errors.Is(err, io.EOF) {
				return nil, err
			}
			return value.(map[string]any), nil
		}
	}
}

func plistValue(dec *xml.Decoder, start xml.StartElement) (any, error) {
	switch start.Name.Local {
	case "dict":
		return plistDict(dec)
	case "array":
		values := []any{}
		err := eachElement(dec, func(child xml.StartElement) error {
			value, err := plistValue(dec, child)
			values = append(values, value)
			return err
		})
		return values, err
	}
	var text string
	if err := dec.DecodeElement(&text, &start); err != nil {
		return nil, err
	}
	switch start.Name.Local {
	case "string":
		return text, nil
	case "integer":
		return strconv.Atoi(text)
	}
	return nil, fmt.Errorf("a %s in a job", start.Name.Local)
}

// plistDict reads keys and values in turn; a key without a value, or twice, is
// an error.
func plistDict(dec *xml.Decoder) (map[string]any, error) {
	values, key := map[string]any{}, ""
	err := eachElement(dec, func(child xml.StartElement) (err error) {
		if child.Name.Local == "key" {
			if key != "" {
				return fmt.Errorf("%s has no value", key)
			}
			return dec.DecodeElement(&key, &child)
		}
		if _, twice := values[key]; twice || key == "" {
			return fmt.Errorf("a value for the key %q", key)
		}
		values[key], err = plistValue(dec, child)
		key = ""
		return err
	})
	if err == nil && key != "" {
		err = fmt.Errorf("%s has no value", key)
	}
	return values, err
}

// eachElement calls f for the elements up to the end of the one that is open.
func eachElement(dec *xml.Decoder, f func(xml.StartElement) error) error {
	for {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := f(token); err != nil {
				return err
			}
		case xml.CharData:
			if stray := strings.TrimSpace(string(token)); stray != "" {
				return fmt.Errorf("%q stands between elements", stray)
			}
		}
	}
}

func TestPlistIsChecked(t *testing.T) {
	for text, want := range map[string]string{
		"<plist><dict><key>a</key></dict></plist>":                                          "a has no value",
		"<plist><dict><string>a</string></dict></plist>":                                    `a value for the key ""`,
		"<plist><dict><key>a</key><key>b</key></dict></plist>":                              "a has no value",
		"<plist><dict><key>a</key><string>b</string>@X@</dict></plist>":                     `"@X@" stands between elements`,
		"<plist><dict><key>a</key><integer>@X@</integer></dict></plist>":                    "invalid syntax",
		"<plist><dict><key>a</key><string>b</string></dict>":                                "unexpected EOF",
		"<plist><dict><key>a</key><array><string>b</string><strin/></array></dict></plist>": "a strin in a job",
	} {
		_, err := plist([]byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

// nightlyTakes fails unless 'assay nightly' takes the words.
func nightlyTakes(t *testing.T, words []string) {
	t.Helper()
	fs := flag.NewFlagSet("nightly", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	newNightlyFlags(fs)
	require.NoError(t, fs.Parse(words))
}

// The installer fills the template in to a job that launchd takes, whose words
// arrive as they were given (keys: launchd.plist(5)).
func TestLaunchdPlist(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	words := []string{"/a & <b>.yaml", "--webhook", `https://example.com/?a="1"&b=\2`}
	install := func(args ...string) *exec.Cmd {
		command := exec.Command(bash, append([]string{nightlyScripts + "install", "--print", "--assay", exe}, args...)...)
		command.Env = append(os.Environ(), "HOME=/Users/A & B")
		return command
	}
	out, err := install(append([]string{"--at", "03:05", "--"}, words...)...).Output()
	require.NoError(t, err)
	job, err := plist(out)
	require.NoError(t, err, "%s", out)
	nightlyTakes(t, words)
	assert.Equal(t, map[string]any{
		"Label":                 "io.assay.nightly",
		"ProgramArguments":      []any{"/usr/bin/caffeinate", "-dimsu", exe, "nightly", words[0], words[1], words[2]},
		"ProcessType":           "Interactive",
		"StartCalendarInterval": map[string]any{"Hour": 3, "Minute": 5},
		"EnvironmentVariables":  map[string]any{"PATH": "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"},
		"StandardOutPath":       "/Users/A & B/Library/Logs/assay/nightly.log",
		"StandardErrorPath":     "/Users/A & B/Library/Logs/assay/nightly.err.log",
	}, job)

	out, err = install().Output()
	require.NoError(t, err)
	job, err = plist(out)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"Hour": 2, "Minute": 30}, job["StartCalendarInterval"])
	for _, at := range []string{"25:00", "3:05", "03:60", "now"} {
		assert.Error(t, install("--at", at).Run(), at)
	}
}

// pinned is an action by its commit, with its release for people behind it.
var pinned = regexp.MustCompile(`uses: [a-z-]+/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$`)

// The templates for tests take no action that somebody could move, and no rights.
func TestTestWorkflows(t *testing.T) {
	for _, name := range []string{"device-workflow.yml", "mac-workflow.yml"} {
		text, err := os.ReadFile(nightlyScripts + name)
		require.NoError(t, err)
		var flow struct {
			Permissions map[string]string
			Jobs        map[string]struct{ Steps []map[string]any }
		}
		require.NoError(t, yaml.Unmarshal(text, &flow), name)
		assert.Equal(t, map[string]string{"contents": "read"}, flow.Permissions, name)
		for _, job := range flow.Jobs {
			assert.NotEmpty(t, job.Steps, name)
		}
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "uses:") {
				assert.Regexp(t, pinned, strings.TrimSpace(line), name)
			}
		}
	}
}

// Each step of the workflow is one that GitHub runs, at a version that nobody
// can move, and calls what is in the repository with flags that it has.
func TestWorkflow(t *testing.T) {
	text, err := os.ReadFile(nightlyScripts + "github-workflow.yml")
	require.NoError(t, err)
	type step struct {
		Name, Uses, Run, If string
		With, Env           map[string]string
	}
	type job struct {
		Strategy       map[string]any
		RunsOn         []string `yaml:"runs-on"`
		TimeoutMinutes int      `yaml:"timeout-minutes"`
		Concurrency    map[string]string
		Steps          []step
	}
	var flow struct {
		Name        string
		On          map[string]any
		Permissions map[string]string
		Jobs        map[string]job
	}
	require.NoError(t, yaml.UnmarshalWithOptions(text, &flow, yaml.Strict()))
	assert.Equal(t, map[string]string{"contents": "read"}, flow.Permissions)
	assert.Contains(t, flow.On, "schedule")
	night := flow.Jobs["nightly"]
	assert.Positive(t, night.TimeoutMinutes)
	require.NotEmpty(t, night.Steps)
	for _, s := range night.Steps {
		assert.True(t, (s.Uses == "") != (s.Run == ""), "%+v", s)
		for word := range strings.FieldsSeq(s.Run) {
			if strings.HasPrefix(word, "scripts/") {
				assert.FileExists(t, filepath.Join(root, word))
			}
		}
		if _, flags, found := strings.Cut(strings.ReplaceAll(s.Run, "\\\n", " "), "./assay nightly"); found {
			nightlyTakes(t, strings.Fields(flags))
		}
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "uses:") {
			assert.Regexp(t, pinned, strings.TrimSpace(line))
		}
	}
	assert.NotRegexp(t, pinned, "- uses: actions/checkout@v4", "the control")
	assert.Contains(t, string(text), "./assay nightly")
}

// The action takes no step that somebody could move, and its night calls assay with
// flags that it has and hands its status on.
func TestAction(t *testing.T) {
	text, err := os.ReadFile(nightlyScripts + "action.yml")
	require.NoError(t, err)
	var action struct {
		Name, Description string
		Inputs            map[string]struct{ Description, Default string }
		Outputs           map[string]struct{ Description, Value string }
		Runs              struct {
			Using string
			Steps []struct {
				ID, Uses, Shell, Run string
				With, Env            map[string]string
			}
		}
	}
	require.NoError(t, yaml.UnmarshalWithOptions(text, &action, yaml.Strict()))
	assert.Equal(t, "composite", action.Runs.Using)
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "uses:") {
			assert.Regexp(t, pinned, strings.TrimSpace(line))
		}
	}
	night := action.Runs.Steps[len(action.Runs.Steps)-1]
	for _, value := range night.Env {
		name := strings.TrimSuffix(strings.TrimPrefix(value, "${{ inputs."), " }}")
		assert.Contains(t, action.Inputs, name)
	}

	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.Symlink(exe, filepath.Join(dir, "assay"))) // which TestMain runs as assay
	output, suite := filepath.Join(dir, "output"), filepath.Join(dir, "no such $suite.yaml")
	command := exec.Command(bash, "-c", night.Run)
	command.Dir = dir
	command.Env = append(os.Environ(), "GITHUB_ACTION_PATH="+dir+"/scripts/nightly", "GITHUB_OUTPUT="+output,
		"GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary.md"),
		"SUITE="+suite, "SITE="+filepath.Join(dir, "a site"), "BADGE=", "ASSAY_STORE="+filepath.Join(dir, "s.db"),
		"ASSAY_WEBHOOK=", "ASSAY_HOME="+dir)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "scripts", "nightly"), 0o755))
	says, err := command.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 2, exit.ExitCode(), "%s", says)
	assert.Contains(t, string(says), suite, "as it was given")
	status, err := os.ReadFile(output)
	require.NoError(t, err)
	assert.Equal(t, "status=2\n", string(status))
}
