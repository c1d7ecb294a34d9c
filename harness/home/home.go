// Package home says where assay keeps what on disk, and writes a file so that it
// is whole. It creates no folder and knows nothing of what the files contain.
package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"assay/native/dylib"
)

// Home is a pair of folders: what can be made again, and what cannot.
type Home struct {
	// Cache holds libraries and skeletons; deleting it costs time only.
	Cache string
	// Data holds the store, the runs and the reports.
	Data string
}

// Find returns the folders of this user. ASSAY_HOME, when set, holds both;
// otherwise they are the platform's: ~/.cache/assay and ~/.local/share/assay on
// Linux (XDG_CACHE_HOME and XDG_DATA_HOME honoured), ~/Library/Caches/assay and
// ~/Library/Application Support/assay on macOS.
func Find() (Home, error) {
	cache, err := dylib.Here().Home() // libraries are looked for there, too
	if err != nil {
		return Home{}, err
	}
	if os.Getenv("ASSAY_HOME") != "" {
		return Home{Cache: cache, Data: cache}, nil
	}
	data, err := userDataDir()
	if err != nil {
		return Home{}, fmt.Errorf("no data folder for this user (set ASSAY_HOME to a folder): %w", err)
	}
	return Home{Cache: cache, Data: filepath.Join(data, "assay")}, nil
}

// userDataDir is what os.UserCacheDir is for caches: the standard library has none.
func userDataDir() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" && filepath.IsAbs(dir) {
		return dir, nil
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(dir, "Library", "Application Support"), nil
	}
	return filepath.Join(dir, ".local", "share"), nil
}

// Writable says why nothing can be kept in the folders, or nil. Folders that are
// not there yet are made when something is written.
func (h Home) Writable() error {
	for _, dir := range []string{h.Cache, h.Data} {
		if err := writable(dir); err != nil {
			return fmt.Errorf("nothing can be kept in %s (%w); set ASSAY_HOME to a folder that can be written", dir, err)
		}
	}
	return nil
}

// writable asks the folder, or the nearest above it that is there.
func writable(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir:
		return writable(filepath.Dir(dir))
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", dir)
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// ErrLocked is returned for a file that another process holds.
var ErrLocked = errors.New("another process holds it")

// Lock takes an open file for as long as it is open: the kernel lets go of it however
// the process ends, so that nothing has to be cleaned up after a crash. It does not
// wait.
func Lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

// mostSecret bounds a file with a secret in it.
const mostSecret = 64 << 10

// Secret returns what is not to be typed where others see it: the value that was
// given, the first line of the file that follows an @, or else the environment's
// variable, or the first line of the file that variable_FILE names; "" for none of
// them. Errors do not hold the value.
func Secret(given, variable string) (string, error) {
	name, isFile := strings.CutPrefix(given, "@")
	switch {
	case given == "" && os.Getenv(variable) != "":
		return os.Getenv(variable), nil
	case given == "":
		name = os.Getenv(variable + "_FILE")
	case !isFile:
		return given, nil
	}
	if name == "" {
		return "", nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", fmt.Errorf("the file for %s: %w", variable, err)
	}
	if !info.Mode().IsRegular() || info.Size() > mostSecret {
		return "", fmt.Errorf("the file for %s, %s, is no regular file of one line", variable, name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("the file for %s: %w", variable, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line), nil
}

// secrets are the words of the names of variables that hold them.
var secrets = regexp.MustCompile(`(?i)TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|^PGPASS|^ASSAY_(STORE|WEBHOOK)`)

// Environ is the environment for a child, workers and package managers: without what
// looks like a secret, which none of them needs.
func Environ() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return secrets.MatchString(name)
	})
}

// Libs is the folder of one release of a runtime's libraries, where dylib looks
// for it.
func (h Home) Libs(runtime, version string) string {
	return filepath.Join(h.Cache, "lib", runtime, version)
}

// Models is the folder of the published models that tests run, a folder each.
func (h Home) Models() string { return filepath.Join(h.Cache, "models") }

// Skeletons is the folder of generated models.
func (h Home) Skeletons() string { return filepath.Join(h.Cache, "skeletons") }

// Calibration is the folder of the shapes that a calibration measures.
func (h Home) Calibration() string { return filepath.Join(h.Cache, "calibration") }

// Runs is the folder of the runs' records and journals.
func (h Home) Runs() string { return filepath.Join(h.Data, "runs") }

// JournalSuffix is what the names of journals end in.
const JournalSuffix = ".journal"

// Journal is the file that a run holds while it goes on.
func (h Home) Journal(run string) string { return filepath.Join(h.Runs(), run+JournalSuffix) }

// Removed is the folder of runs that were taken out of the store, a file each.
func (h Home) Removed() string { return filepath.Join(h.Data, "removed") }

// Reports is the folder of the nights' reports.
func (h Home) Reports() string { return filepath.Join(h.Data, "reports") }

// NightlyLock is the file that a nightly job holds while it runs.
func (h Home) NightlyLock() string { return filepath.Join(h.Data, "nightly.lock") }

// Store is the file of the SQLite store.
func (h Home) Store() string { return filepath.Join(h.Data, "assay.db") }
