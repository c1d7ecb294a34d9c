package libs

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"

	"assay/harness/home"
)

// command is a package manager or a compiler, to be run in a folder, "" for
// where assay itself runs. It speaks English, as its errors are searched.
func command(ctx context.Context, folder string, words ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir = folder
	cmd.Env = append(home.Environ(), "LC_ALL=C")
	cmd.WaitDelay = time.Second // for what it may leave running when it is killed
	return cmd
}

// runQuietly runs a command and returns what it wrote to its standard error.
func runQuietly(cmd *exec.Cmd) (said string, err error) {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err = cmd.Run()
	return stderr.String(), err
}

// reason is the last line of a program's errors that begins with a mark, else
// its last line, else how it ended.
func reason(said, mark string, err error) error {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if text, ok := strings.CutPrefix(lines[i], mark); ok {
			return errors.New(text)
		}
	}
	if last := lines[len(lines)-1]; last != "" {
		return errors.New(last)
	}
	return err
}
