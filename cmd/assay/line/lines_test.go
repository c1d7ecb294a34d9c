package line

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLines(t *testing.T) {
	var got strings.Builder
	l := &lines{to: &got}
	for _, text := range []string{"a", "::b\n", "  ::c\n::", "d\n\tx\ty\n", "##[error]e\n", "\xff\u202e\r\n"} {
		n, err := fmt.Fprint(l, text)
		assert.NoError(t, err)
		assert.Len(t, text, n)
	}
	assert.Equal(t, "a::b\n  \\x3a:c\n\\x3a:d\n\tx\ty\n#\\x23[error]e\n\\xff\\u202e\\r\n", got.String())
}
