package alert

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/results"
)

// State is where an alert stands in its life.
type State string

// The states of an alert.
const (
	New       State = "new"       // tonight for the first time
	Ongoing   State = "ongoing"   // known, and not yet time to be reminded of
	Reminded  State = "reminded"  // known, and said again
	Recovered State = "recovered" // no longer there
)

// RemindEvery is how long a known alert rests before it is said again.
const RemindEvery = 7 * 24 * time.Hour

// Documents is where the memory lives; results/store implements it.
type Documents interface {
	PutDocument(ctx context.Context, kind, name string, value any) error
	Document(ctx context.Context, kind, name string, value any) (bool, error)
}

// documentKind is the kind of document that a memory is stored as.
const documentKind = "alerts"

// Memory is what was said about one machine.
type Memory struct {
	// Open are what moved and is neither over nor accepted, by ID.
	Open map[string]Remembered `json:"open"`
	// Accepted are those that were declared to be meant, oldest first.
	Accepted []Acceptance `json:"accepted"`
}

// Remembered is an open alert and when it was last said.
type Remembered struct {
	Alert    Alert     `json:"alert"`
	Since    time.Time `json:"since"`
	LastSaid time.Time `json:"last_said"`
}

// Acceptance is a known change: who said so, when and why.
type Acceptance struct {
	ID   string    `json:"id"`
	Run  string    `json:"run"`
	Who  string    `json:"who"`
	Why  string    `json:"why"`
	Time time.Time `json:"time"`
}

// Recall reads a machine's memory; an unknown machine has an empty one.
func Recall(ctx context.Context, docs Documents, machine string) (*Memory, error) {
	m := &Memory{}
	if _, err := docs.Document(ctx, documentKind, machine, m); err != nil {
		return nil, fmt.Errorf("read what was alerted about %s: %w", machine, err)
	}
	if m.Open == nil {
		m.Open = map[string]Remembered{}
	}
	return m, nil
}

// Keep stores a machine's memory.
func (m *Memory) Keep(ctx context.Context, docs Documents, machine string) error {
	if err := docs.PutDocument(ctx, documentKind, machine, m); err != nil {
		return fmt.Errorf("remember what was alerted about %s: %w", machine, err)
	}
	return nil
}

// Update takes tonight's alerts and returns all with their states: tonight's,
// each since when it is known, and those that are over. judged says whether a
// case, or "" for all of them together, was judged tonight: what was not
// measured has not recovered. Good news
// is said once and ends silently, when it has become what is usual.
func (m *Memory) Update(tonight []Alert, judged func(results.Key) bool, now time.Time) []Alert {
	out := []Alert{}
	seen := map[string]bool{}
	for _, a := range tonight {
		seen[a.ID] = true
		out = append(out, m.remember(a, now))
	}
	for _, id := range sortedIDs(m.Open) {
		old := m.Open[id]
		if seen[id] || !judged(old.Alert.Key) {
			continue
		}
		delete(m.Open, id)
		if recovered := old.Alert; recovered.Regression {
			recovered.State, recovered.Since, recovered.Regression = Recovered, old.Since, false
			out = append(out, recovered)
		}
	}
	return out
}

func (m *Memory) remember(a Alert, now time.Time) Alert {
	old, known := m.Open[a.ID]
	switch {
	case !known || old.Alert.Regression != a.Regression:
		a.State, old = New, Remembered{Since: a.Since, LastSaid: now}
	case a.Regression && now.Sub(old.LastSaid) >= RemindEvery:
		a.State, old.LastSaid = Reminded, now
	default:
		a.State = Ongoing
	}
	a.Since = old.Since
	old.Alert = a
	m.Open[a.ID] = old
	return a
}

// Accept declares open alerts of the given cases to be meant; no keys means all
// of them. It returns what was accepted.
func (m *Memory) Accept(keys []results.Key, by Acceptance) []Acceptance {
	var done []Acceptance
	for _, id := range sortedIDs(m.Open) {
		if key := m.Open[id].Alert.Key; len(keys) > 0 && !slices.Contains(keys, key) {
			continue
		}
		by.ID = id
		done = append(done, by)
		delete(m.Open, id)
	}
	m.Accepted = append(m.Accepted, done...)
	return done
}

// Suspects is since when each case has an open alert about its timing, "" for
// all cases together; a window of accepted nights leaves these nights out.
func (m *Memory) Suspects() map[results.Key]time.Time {
	out := map[results.Key]time.Time{}
	for _, r := range m.Open {
		if r.Alert.Regression && (r.Alert.Class == Timing || r.Alert.Class == Machine) {
			out[r.Alert.Key] = r.Since
		}
	}
	return out
}

// Loud are the alerts to be announced: all but those that are merely going on.
func Loud(alerts []Alert) []Alert {
	out := []Alert{}
	for _, a := range alerts {
		if a.State != Ongoing {
			out = append(out, a)
		}
	}
	return out
}

func sortedIDs(open map[string]Remembered) []string {
	ids := make([]string, 0, len(open))
	for id := range open {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
