package kept

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/cmd/assay/line"
	"assay/cmd/assay/live"
	"assay/cmd/assay/show"
	"assay/harness/failure"
	"assay/results"
	"assay/results/export"
	"assay/results/report"
)

const showHelp = `
Prints a run as it was printed when it was measured: a row for each timed case,
caches, what did not hold. A run is an id or the beginning of one, a tag,
latest, latest~1, baseline, a date, or a file. --case takes words of a case as
they are printed (model, type, test, settings), --svg draws what is shown.

examples:
  assay show
  assay show before-update
  assay show night.jsonl --rules
  assay show latest --case "tg128 q8_0" --svg tg128.svg
  assay show latest --case tg128 -o md
`

// Show is the command of that name.
func Show() line.Command {
	return line.Command{
		Name: "show", Args: "[RUN]", Does: "a run, as it was printed when it was measured", Help: showHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := showFlags{dsn: line.StoreFlag(fs), rules: fs.Bool("rules", false, "also print what refutes rival rules"),
				asJSON: fs.Bool("json", false, "print the records as JSON")}
			fs.StringVar(&o.only, "case", "", "only cases that have all of these `words`")
			fs.StringVar(&o.format, "o", "", "llama-bench's `format` in place of the table: md, csv, json, jsonl or sql")
			fs.StringVar(&o.svg, "svg", "", "also draw the speeds into this `file`")
			return o.run
		},
	}
}

type showFlags struct {
	dsn           *string
	rules, asJSON *bool
	only, svg     string
	format        string
}

func (o *showFlags) run(ctx context.Context, s line.Streams, args []string) error {
	if len(args) == 0 {
		args = []string{"latest"}
	}
	if len(args) > 1 {
		return line.Usagef("show takes one run, not %q; --case selects cases of it", args)
	}
	runs, err := selected(ctx, *o.dsn, args)
	if err != nil {
		return err
	}
	records, err := withWords(runs[0], o.only)
	if err != nil {
		return failure.Input(err)
	}
	if err := o.draw(s, records); err != nil {
		return err
	}
	if o.format != "" {
		return o.write(s, results.Run{ID: runs[0].ID, Source: runs[0].Source, Records: records})
	}
	if *o.asJSON {
		return show.JSON(s.Out, records)
	}
	words := []string{"run " + runs[0].ID}
	if len(records) > 0 {
		words = append(words, records[0].Host.Machine(), records[0].Time.Local().Format(time.DateTime))
	}
	fmt.Fprintln(s.Out, show.Wrapped(show.Safe(strings.Join(words, ", ")), ""))
	live.Stored(s.Out, records, *o.rules)
	return nil
}

// write prints the records as llama-bench does.
func (o *showFlags) write(s line.Streams, run results.Run) error {
	var known []string
	for _, f := range export.Formats() {
		name, ok := strings.CutPrefix(f.Name, "llama-bench-")
		if ok && name == o.format {
			return f.Write(s.Out, []results.Run{run})
		}
		if ok {
			known = append(known, name)
		}
	}
	return line.Usagef("-o %s: one of %s, as llama-bench has them", o.format, strings.Join(known, ", "))
}

// draw writes the picture that was asked for.
func (o *showFlags) draw(s line.Streams, records []results.Record) error {
	if o.svg == "" {
		return nil
	}
	picture, ok := report.SpeedPicture(records)
	if !ok {
		return line.Usagef("--svg draws tokens per second, and no case here has any")
	}
	return line.WriteOut(s, o.svg, o.svg, []byte(picture.File()))
}

// withWords are the records of a run whose cases have all words of a text: in the
// model's name, its weights' type, the test, the settings as they are printed, or the key.
func withWords(run results.Run, text string) ([]results.Record, error) {
	var found []results.Record
	var tests []string
	for _, r := range run.Records {
		of := strings.Fields(strings.ToLower(strings.Join([]string{report.ModelName(r), r.Case.Test(), r.Case.Variant(), string(r.Key())}, " ")))
		has := func(word string) bool {
			return slices.ContainsFunc(of, func(one string) bool { return strings.Trim(one, ",()") == word })
		}
		if !slices.ContainsFunc(strings.Fields(strings.ToLower(text)), func(word string) bool { return !has(word) }) {
			found = append(found, r)
		}
		if test := r.Case.Test(); !slices.Contains(tests, test) {
			tests = append(tests, test)
		}
	}
	if len(found) == 0 && text != "" {
		return nil, fmt.Errorf("no case of run %s has the words %q; its tests are %s", run.ID, text,
			strings.Join(tests[:min(len(tests), 8)], ", "))
	}
	return found, nil
}
