package libs

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// workPattern names the folders in which releases are unpacked.
const workPattern = ".install-*"

// workFolder makes a folder to unpack in below parent, after removing those of
// installations that were killed. It is locked for as long as this process has
// the file open, so that an installation beside this one is left alone.
func workFolder(parent string) (*os.File, error) {
	door, err := os.Open(parent)
	if err != nil {
		return nil, err
	}
	defer door.Close()
	// One at a time: a folder is not locked yet when it is made.
	if err := unix.Flock(int(door.Fd()), unix.LOCK_EX); err != nil {
		return nil, err
	}
	if err := sweep(parent); err != nil {
		return nil, err
	}
	name, err := os.MkdirTemp(parent, workPattern)
	if err != nil {
		return nil, err
	}
	held, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(held.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	return held, nil
}

// sweep removes the folders that nobody holds.
func sweep(parent string) error {
	left, err := filepath.Glob(filepath.Join(parent, workPattern))
	if err != nil {
		return err
	}
	for _, name := range left {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // whoever held it has just removed it
		}
		if err != nil {
			return err
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			err = os.RemoveAll(name)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
