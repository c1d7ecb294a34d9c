package document_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/document"
)

func TestBombs(t *testing.T) {
	bomb := "a: &a [x, x]\n"
	for i := 'b'; i < 'l'; i++ {
		bomb += string(i) + ": &" + string(i) + " [" + strings.Repeat("*"+string(i-1)+", ", 10) + "x]\n"
	}
	for name, text := range map[string]string{
		"brackets": strings.Repeat("[", 100_000), "closed": strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000),
		"braces": strings.Repeat("{a: ", 25_000), "sequences": strings.Repeat("- ", 50_000) + "x", "keys": strings.Repeat("? ", 50_000),
		"on lines": strings.Repeat("[\n", 100_000), "a tag": "cases: !!binary x", "a tag of its own": "a: [!x 1]", "aliases": bomb,
		"deep": strings.Repeat(" ", 5_000) + "x: 1", "zeros": "a\x00b", "long": strings.Repeat("x", 5<<20),
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			var to any
			assert.Error(t, document.Unmarshal([]byte(text), &to))
			_, err := document.JSON([]byte(text))
			assert.Error(t, err)
			assert.Less(t, time.Since(begun), 5*time.Second)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestOrdinaryTexts(t *testing.T) {
	for _, text := range []string{
		"a: [1, [2, {b: c}]]\n", "a: \"[[[!\"\n", "a: '!x'\n", "# [[[ !tag\na: 1\n", "a: &x [1]\nb: *x\n", "a: it's, isn't [x\n", "a: x!y*z\n",
		"- - - 1\n", "",
	} {
		assert.NoError(t, document.Check([]byte(text)), text)
	}
}

func TestReadFileRefuses(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "f.yaml")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	for _, path := range []string{pipe, "/dev/zero", "/dev/urandom", t.TempDir()} {
		_, err := document.ReadFile(path)
		assert.Error(t, err, path)
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add("a: [1, {b: *c}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		var to any
		_ = document.Unmarshal([]byte(text), &to)
	})
}
