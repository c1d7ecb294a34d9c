package lm_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"assay/native/mlx/lm"
	"assay/native/mlx/mlxtest"
)

// TestPairedWorker is our side of scripts/mlx-paired: for each line "P G" on
// standard input it runs a prompt of P and G generated tokens in a new session
// and prints what mlx_lm.benchmark would time: seconds to the first token, and
// from there to the last.
func TestPairedWorker(t *testing.T) {
	folder := os.Getenv("ASSAY_MLX_PAIRED")
	if folder == "" {
		t.Skip("is run by scripts/mlx-paired")
	}
	model, err := lm.Load(mlxtest.Library(t), folder)
	require.NoError(t, err)
	defer model.Close()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var prompt, generated int
		_, err := fmt.Sscan(strings.TrimSpace(lines.Text()), &prompt, &generated)
		require.NoError(t, err)
		session, err := model.NewSession(lm.CacheOptions{})
		require.NoError(t, err)
		prefill, err := session.Prefill(t.Context(), randomTokens(prompt, model.Vocab))
		require.NoError(t, err)
		decode, err := session.Decode(t.Context(), generated-1)
		require.NoError(t, err)
		fmt.Printf("trial %.9f %.9f %.9f %.9f\n", prefill.Total.Seconds(), decode.Total.Seconds(),
			decode.Host.Seconds()/float64(decode.Tokens), decode.Submit.Seconds()/float64(decode.Tokens))
		require.NoError(t, session.Close())
	}
}
