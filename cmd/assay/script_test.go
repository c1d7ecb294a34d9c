package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"

	"assay/native/llama"
	"assay/predict/safetensors"
)

// columns is the width that text for people keeps to.
const columns = 80

// The scripts call assay as a user does: the binary, its streams, its exit
// status.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  exitsWith,
			"narrow":  isNarrow,
			"weights": writesWeights,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("ASSAY_HOME", env.WorkDir+"/home")
			if found, err := llama.Find(); err == nil {
				env.Setenv("ASSAY_LLAMA_LIB", found)
			}
			return nil
		},
		// llama holds where llama.cpp is here; where CI is set a missing one fails.
		Condition: func(name string) (bool, error) {
			_, err := llama.Find()
			if name != "llama" || err != nil && os.Getenv("CI") != "" {
				return false, fmt.Errorf("condition %s: %w", name, err)
			}
			return err == nil, nil
		},
	})
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" { // of a command that a test calls in this process
		main()
	}
	testscript.Main(m, map[string]func(){"assay": main})
}

// exitsWith runs assay and holds its exit status against the first word: status
// 2 inspect nosuch.gguf. What it says is held against patterns behind it.
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N ARGUMENTS OF ASSAY")
	}
	var exit *exec.ExitError
	have := 0
	switch err := ts.Exec("assay", args[1:]...); {
	case errors.As(err, &exit):
		have = exit.ExitCode()
	case err != nil:
		ts.Fatalf("assay: %v", err)
	}
	if strconv.Itoa(have) != args[0] {
		ts.Fatalf("exit status %d, not %s", have, args[0])
	}
}

// writesWeights writes a file of zeros in bf16: weights FILE NAME=2x64 NAME=64.
func writesWeights(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: weights FILE NAME=ROWSxCOLUMNS...")
	}
	var w safetensors.Writer
	for _, arg := range args[1:] {
		name, sides, _ := strings.Cut(arg, "=")
		var shape []int64
		for side := range strings.SplitSeq(sides, "x") {
			n, err := strconv.ParseInt(side, 10, 64)
			ts.Check(err)
			shape = append(shape, n)
		}
		w.Add(name, safetensors.BF16, shape...)
	}
	ts.Check(w.Create(ts.MkAbs(args[0]), nil))
}

// oneOfMany is one thing that is named as if there were several.
var oneOfMany = regexp.MustCompile(`(?m)(^|[^\d.,])1 (cases|runs|nights|rules|models|machines|points|threads|samples|rounds)\b`)

// isNarrow holds standard output against the width, and finds no escape codes in it and
// nothing that is one and called several.
func isNarrow(ts *testscript.TestScript, neg bool, _ []string) {
	text := ts.ReadFile("stdout")
	if strings.Contains(text, "\x1b") {
		ts.Fatalf("escape codes in the output of no terminal")
	}
	if one := oneOfMany.FindString(text); one != "" {
		ts.Fatalf("one is not several: %q", one)
	}
	wide := ""
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); utf8.RuneCountInString(line) > columns {
			wide = line
		}
	}
	if (wide != "") != neg {
		ts.Fatalf("more than %d columns: %q", columns, wide)
	}
}
