package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"assay/harness/failure"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/harness/worker"
	"assay/results"
)

// journal is a run's memory: what was planned, and what each worker brought
// back. A line is on disk before the run goes on, so that an interrupted run
// loses one worker's work at most and can be resumed.
type journal struct {
	file *os.File
	plan plan
	done map[visit]entry
}

// plan is the journal's first line.
type plan struct {
	RunID   string         `json:"run_id"`
	Started time.Time      `json:"started"`
	Purpose string         `json:"purpose,omitempty"`
	Suite   suite.Suite    `json:"suite"`
	Items   []subject.Item `json:"items"`
}

// visit is one item in one round.
type visit struct {
	Item  int `json:"item"`
	Round int `json:"round"`
}

// entry is one visit's end: an outcome or a failure. A line with Finished set
// ends the journal of a run that is complete.
type entry struct {
	visit
	Host     results.Host    `json:"host"`
	Time     time.Time       `json:"time"`
	Outcome  *worker.Outcome `json:"outcome,omitempty"`
	Failure  string          `json:"failure,omitempty"`
	Log      []string        `json:"log,omitempty"`
	Skipped  bool            `json:"skipped,omitempty"`
	Finished bool            `json:"finished,omitempty"`
	// Canary has the readings before and after a timed visit.
	Canary []CanaryReading `json:"canary,omitempty"`
	// CanaryFailure is why there is no reading.
	CanaryFailure string `json:"canary_failure,omitempty"`
}

const journalSuffix = ".journal"

func journalPath(dir, runID string) string { return filepath.Join(dir, runID+journalSuffix) }

// createJournal starts the journal of a new run.
func createJournal(dir string, p plan) (*journal, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the folder for runs: %w", err)
	}
	f, err := os.OpenFile(journalPath(dir, p.RunID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the run's journal: %w", err)
	}
	j := &journal{file: f, plan: p, done: map[visit]entry{}}
	if err := j.write(p); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// resumeJournal opens the journal of an unfinished run: the named one, or the
// newest if runID is empty.
func resumeJournal(dir, runID string) (*journal, error) {
	if runID == "" {
		var err error
		if runID, err = newestUnfinished(dir); err != nil {
			return nil, err
		}
	}
	path := journalPath(dir, runID)
	j, size, finished, err := readJournal(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failure.Input(fmt.Errorf("there is no run %q to resume in %s", runID, dir))
	case err != nil:
		return nil, err
	case finished:
		return nil, failure.Input(fmt.Errorf("run %s is complete; nothing to resume", runID))
	}
	if j.file, err = os.OpenFile(path, os.O_WRONLY, 0o644); err != nil {
		return nil, fmt.Errorf("the run's journal: %w", err)
	}
	// What a crash left of a half-written line is cut off before more is appended.
	if err := j.file.Truncate(size); err != nil {
		return nil, fmt.Errorf("the run's journal: %w", err)
	}
	if _, err := j.file.Seek(size, 0); err != nil {
		return nil, fmt.Errorf("the run's journal: %w", err)
	}
	return j, nil
}

// journals are the paths of all journals in a folder of runs, newest first.
func journals(dir string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"+journalSuffix))
	sort.Sort(sort.Reverse(sort.StringSlice(paths))) // run ids begin with their time
	return paths, err
}

func newestUnfinished(dir string) (string, error) {
	paths, err := journals(dir)
	if err != nil {
		return "", err
	}
	for _, path := range paths {
		_, _, finished, err := readJournal(path)
		if failure.IsInput(err) {
			return "", err // an older run is not what was asked for
		}
		if err == nil && !finished {
			return strings.TrimSuffix(filepath.Base(path), journalSuffix), nil
		}
	}
	return "", failure.Input(fmt.Errorf("there is no interrupted run in %s", dir))
}

// readJournal returns the journal's content, the size of its whole lines and
// whether the run was finished.
func readJournal(path string) (j *journal, size int64, finished bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, false, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, 0, false, fmt.Errorf("journal %s has no plan: %w", path, err)
	}
	j = &journal{done: map[visit]entry{}}
	if err := json.Unmarshal(line, &j.plan); err != nil {
		return nil, 0, false, fmt.Errorf("journal %s, line 1: %w", path, err)
	}
	size = int64(len(line))
	for number := 2; ; number++ {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return j, size, finished, nil // the end, or what a crash left of a line
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			// What stands behind it is sound: it must not be cut off with this line.
			return nil, 0, false, failure.Input(fmt.Errorf("journal %s, line %d is damaged (%w); remove that line to go on without it", path, number, err))
		}
		size += int64(len(line))
		if e.Finished {
			finished = true
			continue
		}
		j.done[e.visit] = e
	}
}

// Interrupted returns the newest run in a folder of runs that was begun for a
// purpose with this very suite, at or after a time, and is not finished; "" if
// there is none. A journal that cannot be read is passed over.
func Interrupted(dir, purpose string, s suite.Suite, since time.Time) (runID string, err error) {
	paths, err := journals(dir)
	if err != nil {
		return "", err
	}
	want, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	for _, path := range paths {
		j, _, finished, err := readJournal(path)
		if err != nil || finished || j.plan.Purpose != purpose || j.plan.Started.Before(since) {
			continue
		}
		if suite, err := json.Marshal(j.plan.Suite); err == nil && bytes.Equal(suite, want) {
			return j.plan.RunID, nil
		}
	}
	return "", nil
}

func (j *journal) add(e entry) error {
	j.done[e.visit] = e
	return j.write(e)
}

func (j *journal) finish() error {
	return errors.Join(j.write(entry{Finished: true, Time: time.Now().UTC()}), j.file.Close())
}

// write appends one line and waits until it is on disk.
func (j *journal) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("the run's journal: %w", err)
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("the run's journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("the run's journal: %w", err)
	}
	return nil
}
