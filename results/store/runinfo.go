package store

import "time"

// RunInfo describes a run without its records.
type RunInfo struct {
	ID      string
	Machine string
	Started time.Time
	// Finished is nil for a run that is still going on or was interrupted.
	Finished *time.Time
	Suite    string
	Command  []string
	// Imported is set when the run came from a file.
	Imported bool
	// ClockBack is how far the machine's clock had gone back behind the run
	// before; this run is ordered after it all the same.
	ClockBack time.Duration
	// OK, Failed and Skipped count records; Unfit counts those that were
	// measured on a machine that was not fit to be measured.
	OK, Failed, Skipped, Unfit int
}

// info is the part of a RunInfo that no statement selects by.
type info struct {
	Suite     string        `json:"suite,omitempty"`
	Command   []string      `json:"command,omitempty"`
	Imported  bool          `json:"imported,omitempty"`
	ClockBack time.Duration `json:"clock_back_ns,omitempty"`
}

// reserved reports whether an id would read as another kind of selector.
func reserved(id string) bool {
	_, date := parseDay(id)
	return date || id == "latest" || id == "baseline"
}

func parseDay(s string) (time.Time, bool) {
	day, err := time.ParseInLocation(time.DateOnly, s, time.Local)
	return day, err == nil
}
