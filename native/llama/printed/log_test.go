package printed

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogJoinsPiecesIntoLines(t *testing.T) {
	l := New()
	l.Write(LevelInfo, "one\ntwo")
	l.Write(levelContinue, " and a half\n")
	mark := l.Mark()
	l.Write(LevelError, "three\n")
	l.Write(LevelDebug, "hidden\n")
	l.Write(LevelWarn, "not finished")
	require.Equal(t, []Line{{LevelInfo, "one"}, {LevelInfo, "two and a half"}, {LevelError, "three"}, {LevelDebug, "hidden"}}, l.Since(0))
	require.Equal(t, []Line{{LevelError, "three"}, {LevelDebug, "hidden"}}, l.Since(mark))
	require.Equal(t, []string{"two and a half", "three"}, l.Tail(2))
	require.Len(t, l.Tail(99), 3)
}

func TestLogForgetsTheOldest(t *testing.T) {
	l := New()
	for i := range keptLines + 10 {
		l.Write(LevelInfo, fmt.Sprintln(i))
	}
	lines := l.Since(0)
	require.Len(t, lines, keptLines)
	require.Equal(t, "10", lines[0].Text)
	require.Equal(t, fmt.Sprint(keptLines+9), lines[keptLines-1].Text)
	require.Empty(t, l.Since(l.Mark()))
	require.Len(t, l.Since(l.Mark()-2), 2)
}
