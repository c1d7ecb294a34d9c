package nightly

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"assay/harness/archive"
	"assay/harness/home"
	"assay/results"
	"assay/results/alert"
	"assay/results/store"
)

// historyRuns is how many runs the histories in a report go back.
const historyRuns = 180

// write puts the night's report and alerts into the folder of reports, named by
// the run: .html for reading, .md for people and .json for machines.
func (o Options) write(ctx context.Context, st *store.Store, n *Night) error {
	if err := os.MkdirAll(o.Reports, 0o755); err != nil {
		return fmt.Errorf("the folder of reports: %w", err)
	}
	var page, text, data bytes.Buffer
	shown := archive.Options{Head: n.Run, Nights: historyRuns, Compared: n.Diff}
	if err := archive.Report(ctx, &page, st, shown); err != nil {
		return fmt.Errorf("the report of run %s: %w", n.Run, err)
	}
	if err := n.WriteMarkdown(&text); err != nil {
		return err
	}
	if err := alert.WriteJSON(&data, n.Alerts); err != nil {
		return err
	}
	for _, f := range []struct {
		suffix string
		text   []byte
	}{{".html", page.Bytes()}, {".md", text.Bytes()}, {".json", data.Bytes()}} {
		name := filepath.Join(o.Reports, n.Run+f.suffix)
		if err := home.WriteFile(name, f.text); err != nil {
			return fmt.Errorf("the report of run %s: %w", n.Run, err)
		}
		n.Files = append(n.Files, name)
	}
	return nil
}

// retain removes the files of all but the newest nights of this machine. Only
// those of runs that nightly made and that the store holds are touched, so that
// nothing measured is lost.
func (o Options) retain(ctx context.Context, st *store.Store, head results.Run) (int, error) {
	if o.Keep == 0 || len(head.Records) == 0 {
		return 0, nil
	}
	infos, err := st.Runs(ctx, store.Filter{Machine: head.Records[0].Host.Machine()})
	if err != nil {
		return 0, err
	}
	nights := slices.DeleteFunc(infos, func(i store.RunInfo) bool {
		return !slices.Contains(i.Command, Purpose)
	})
	slices.SortFunc(nights, func(a, b store.RunInfo) int { return b.Started.Compare(a.Started) })
	removed := 0
	for _, old := range nights[min(o.Keep, len(nights)):] {
		for _, name := range o.filesOf(old.ID) {
			switch err := os.Remove(name); {
			case err == nil:
				removed++
			case !errors.Is(err, fs.ErrNotExist):
				return removed, fmt.Errorf("tidy up after %d nights: %w", o.Keep, err)
			}
		}
	}
	return removed, nil
}

// filesOf are the files that a night leaves.
func (o Options) filesOf(run string) []string {
	var names []string
	for _, suffix := range []string{".jsonl", ".journal"} {
		names = append(names, filepath.Join(o.Home.Runs(), run+suffix))
	}
	for _, suffix := range []string{".html", ".md", ".json"} {
		names = append(names, filepath.Join(o.Reports, run+suffix))
	}
	return names
}
