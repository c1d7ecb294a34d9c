package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/harness/worker"
	"assay/results"
)

// journal is a run's memory: what was planned, and what each worker brought
// back. A line is on disk before the run goes on, so that an interrupted run
// loses one worker's work at most and can be resumed.
//
// It has one owner, who holds a lock on the file that the kernel lets go of however
// the owner ends, and is only appended to. After a crash it holds whole lines and
// perhaps a half one, which was never acted on and is cut off by the next owner.
type journal struct {
	file *os.File
	plan plan
	done map[visit]entry
	// size is that of the whole lines, owner who wrote that the journal is its.
	size     int64
	owner    int
	finished bool
}

// plan is the journal's first line.
type plan struct {
	RunID   string         `json:"run_id"`
	Started time.Time      `json:"started"`
	Purpose string         `json:"purpose,omitempty"`
	Suite   suite.Suite    `json:"suite"`
	Items   []subject.Item `json:"items"`
	// Begun is how the run was begun, for a resume to go on so.
	Begun begun `json:"begun"`
}

// begun are the options that a run keeps. A store that is not a file is not named:
// its address may hold a password.
type begun struct {
	Runtimes []string `json:"runtimes,omitempty"`
	Rules    []string `json:"rules,omitempty"`
	Out      string   `json:"out,omitempty"`
	Store    string   `json:"store,omitempty"`
	Server   bool     `json:"server,omitempty"`
	NoStore  bool     `json:"no_store,omitempty"`
	Force    bool     `json:"force,omitempty"`
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
	// Owner is the process that goes on from here.
	Owner int `json:"owner,omitempty"`
	// Canary has the readings before and after a timed visit.
	Canary []CanaryReading `json:"canary,omitempty"`
	// CanaryFailure is why there is no reading.
	CanaryFailure string `json:"canary_failure,omitempty"`
}

const journalSuffix = home.JournalSuffix

func journalPath(dir, runID string) string { return filepath.Join(dir, runID+journalSuffix) }

// createJournal starts the journal of a new run.
func createJournal(dir string, p plan) (*journal, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the folder for runs: %w", err)
	}
	f, err := os.OpenFile(journalPath(dir, p.RunID), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("the run's journal: %w", err)
	}
	j := &journal{file: f, plan: p, done: map[visit]entry{}}
	if err = home.Lock(f); err == nil {
		err = j.write(p)
	}
	if err == nil {
		err = j.sign()
	}
	if err != nil { // a journal without its plan is of no use to anybody
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return j, nil
}

// sign says who owns the journal now.
func (j *journal) sign() error { return j.write(entry{Owner: os.Getpid(), Time: time.Now().UTC()}) }

// resumeJournal opens the journal of an unfinished run that was begun for a purpose:
// the named one, or the newest that nobody owns if runID is empty.
func resumeJournal(dir, runID, purpose string) (*journal, error) {
	if runID == "" {
		var err error
		if runID, err = newestUnfinished(dir, purpose); err != nil {
			return nil, err
		}
	}
	if !results.ValidRunID(runID) {
		return nil, failure.Input(fmt.Errorf("%q cannot name a run", runID))
	}
	f, err := os.OpenFile(journalPath(dir, runID), os.O_RDWR|os.O_APPEND|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failure.Input(fmt.Errorf("there is no run %q to resume in %s", runID, dir))
	case err != nil:
		return nil, fmt.Errorf("the run's journal: %w", err)
	}
	j, err := ownJournal(f, purpose)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// ownJournal takes the lock of an open journal, reads it and cuts off what a crash
// left of a half-written line.
func ownJournal(f *os.File, purpose string) (*journal, error) {
	free := home.Lock(f)
	j, err := readJournal(f)
	switch {
	case errors.Is(free, home.ErrLocked) && j != nil:
		return nil, failure.Input(fmt.Errorf("run %s is running (process %d)", j.plan.RunID, j.owner))
	case free != nil:
		return nil, fmt.Errorf("the run's journal: %w", free)
	case err != nil:
		return nil, err
	case j.finished:
		return nil, failure.Input(fmt.Errorf("run %s is complete; nothing to resume", j.plan.RunID))
	case j.plan.Purpose != purpose:
		return nil, failure.Input(fmt.Errorf("run %s was begun by %s, which goes on with it", j.plan.RunID, begunBy(j.plan.Purpose)))
	}
	j.file = f
	if err := f.Truncate(j.size); err != nil {
		return nil, fmt.Errorf("the run's journal: %w", err)
	}
	return j, j.sign()
}

// begunBy is the command that begins runs for a purpose.
func begunBy(purpose string) string {
	if purpose == "" {
		return "'assay run'"
	}
	return "'assay " + results.Printable(purpose) + "'"
}

// journals are the paths of all journals in a folder of runs, newest first.
func journals(dir string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"+journalSuffix))
	sort.Sort(sort.Reverse(sort.StringSlice(paths))) // run ids begin with their time
	return paths, err
}

func newestUnfinished(dir, purpose string) (string, error) {
	paths, err := journals(dir)
	if err != nil {
		return "", err
	}
	live := ""
	for _, path := range paths {
		j, free, err := lookInto(path)
		switch {
		case failure.IsInput(err):
			return "", err // an older run is not what was asked for
		case err != nil || j.finished || j.plan.Purpose != purpose:
		case !free:
			live = fmt.Sprintf("; run %s is running (process %d)", j.plan.RunID, j.owner)
		default:
			return j.plan.RunID, nil
		}
	}
	return "", failure.Input(fmt.Errorf("there is no interrupted run in %s%s", dir, live))
}

// lookInto reads a journal and says whether nobody owns it.
func lookInto(path string) (j *journal, free bool, err error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	free = home.Lock(f) == nil
	j, err = readJournal(f)
	return j, free, err
}

// mostJournal bounds a line: the plan of a suite of the most cases has a tenth of it.
const mostJournal = 256 << 20

// readJournal returns the journal's content.
func readJournal(f *os.File) (*journal, error) {
	path := f.Name()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("journal %s is no regular file", path)
	}
	r := bufio.NewReader(io.LimitReader(f, mostJournal))
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("journal %s has no plan: %w", path, err)
	}
	j := &journal{done: map[visit]entry{}, size: int64(len(line))}
	if err := json.Unmarshal(line, &j.plan); err != nil {
		return nil, fmt.Errorf("journal %s, line 1: %w", path, err)
	}
	if want := strings.TrimSuffix(filepath.Base(path), journalSuffix); j.plan.RunID != want || !results.ValidRunID(want) {
		return nil, failure.Input(fmt.Errorf("journal %s is of run %q: it was renamed or changed, and is not gone on with", path, j.plan.RunID))
	}
	for number := 2; ; number++ {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return j, nil // the end, or what a crash left of a line
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			// What stands behind it is sound: it must not be cut off with this line.
			return nil, failure.Input(fmt.Errorf("journal %s, line %d is damaged (%w); remove that line to go on without it", path, number, err))
		}
		j.size += int64(len(line))
		switch {
		case e.Finished:
			j.finished = true
		case e.Owner != 0:
			j.owner = e.Owner
		default:
			j.done[e.visit] = e
		}
	}
}

// Interrupted returns the newest run in a folder of runs that was begun for a
// purpose with this very suite, at or after a time, is not finished, and not going on;
// "" if there is none. A journal that cannot be read is passed over.
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
		j, free, err := lookInto(path)
		if err != nil || !free || j.finished || j.plan.Purpose != purpose || j.plan.Started.Before(since) {
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

// write appends one line and waits until it is on disk. What could not be written
// whole is cut off again, so that the lines before it stay the last.
func (j *journal) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("the run's journal: %w", err)
	}
	if _, err = j.file.Write(append(line, '\n')); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the run's journal: %w", err), j.file.Truncate(j.size))
	}
	j.size += int64(len(line)) + 1
	return nil
}
