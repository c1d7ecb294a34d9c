package kept

import (
	"context"
	"flag"
	"fmt"
	"runtime/debug"

	"assay/cmd/assay/line"
	"assay/harness/archive"
	"assay/results/store"
)

const siteHelp = `
Writes one folder of pages that need no network: all machines, models and tests
with their newest figures and verdicts, to be filtered and sorted; the course of
each case, where it changed and what else changed then; a report of each of the
newest runs; and any two runs side by side. Every view has an address to share.

A folder with anything but a site in it is refused; a site is replaced.

examples:
  assay site --out /var/www/assay
  assay nightly --site /var/www/assay
`

// SiteReports is how many of a machine's newest runs have a report in a site.
const SiteReports = 14

// Site is the command of that name.
func Site() line.Command {
	return line.Command{
		Name: "site", Does: "a static site of all machines, models and tests", Help: siteHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			dsn := line.StoreFlag(fs)
			out := fs.String("out", "", "`folder` to write")
			nights := fs.Int("nights", 0, "the newest so many `runs` of each machine; 0 is all")
			reports := fs.Int("reports", SiteReports, "the newest so many `runs` of each machine have a report")
			return func(ctx context.Context, s line.Streams, args []string) error {
				switch {
				case len(args) > 0:
					return line.Usagef("site takes no arguments, not %q; write 'assay site --out %s'", args, args[0])
				case *out == "":
					return line.Usagef("name the folder to write: assay site --out FOLDER")
				case *nights < 0 || *reports < 0:
					return line.Usagef("--nights and --reports cannot be negative")
				}
				if err := line.TakesFolder(*out); err != nil {
					return err
				}
				return WriteSite(ctx, s, *dsn, *out, archive.SiteOptions{Nights: *nights, Reports: *reports})
			}
		},
	}
}

// garbage is how much of what is held may be garbage while a site is gathered, in per
// cent: years of cases are then held in 200 MB.
const garbage = 60

// WriteSite writes the site of a store and says where.
func WriteSite(ctx context.Context, s line.Streams, dsn, dir string, o archive.SiteOptions) error {
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	db, err := archive.Read(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.CheckFilter(ctx, store.Filter{}); err != nil {
		return line.Usagef("%w", err)
	}
	if err := archive.Site(ctx, db, dir, o); err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "wrote %s/index.html\n", dir)
	return nil
}
