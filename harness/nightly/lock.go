package nightly

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"assay/harness/home"
	"assay/results"
)

// lock holds a file for as long as this process lives: the kernel lets go of it
// however the process ends, so that nothing has to be cleaned up after a crash.
type lock struct{ file *os.File }

// HeldError says that another nightly job is running.
type HeldError struct {
	File string
	// Holder is what the other job wrote about itself.
	Holder string
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("another nightly job is running (%s) and holds %s; two at once would measure each other",
		results.Printable(e.Holder), e.File)
}

// acquire takes the lock without waiting; a [*HeldError] says who has it.
func acquire(name string, now time.Time) (*lock, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, fmt.Errorf("the lock of nightly jobs: %w", err)
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
	switch {
	case errors.Is(err, unix.ELOOP):
		return nil, fmt.Errorf("the lock of nightly jobs, %s, is a link, and is not followed; remove it", name)
	case err != nil:
		return nil, fmt.Errorf("the lock of nightly jobs: %w", err)
	}
	if info, statErr := f.Stat(); statErr != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("the lock of nightly jobs, %s, is no regular file; remove it", name), f.Close())
	}
	if err = home.Lock(f); errors.Is(err, home.ErrLocked) {
		err = &HeldError{File: name, Holder: holder(f)}
	}
	if err == nil {
		err = sign(f, now)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &lock{f}, nil
}

// holder reads what the job that has the lock says of itself.
func holder(f *os.File) string {
	text, err := io.ReadAll(io.LimitReader(f, 200))
	if who := strings.TrimSpace(string(text)); err == nil && who != "" {
		return who
	}
	return "it has not said who it is"
}

// sign writes who holds the lock into it.
func sign(f *os.File, now time.Time) error {
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("the lock of nightly jobs: %w", err)
	}
	if _, err := f.WriteAt(fmt.Appendf(nil, "process %d, since %s\n", os.Getpid(), now.Format(time.RFC3339)), 0); err != nil {
		return fmt.Errorf("the lock of nightly jobs: %w", err)
	}
	return nil
}

func (l *lock) release() error { return l.file.Close() }
