package imports

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"assay/results/llamabench"
)

// readDatabase reads the table llama_bench of a SQLite file, which it only
// reads.
func readDatabase(file string) (table llamabench.Table, err error) {
	path := url.URL{Path: filepath.ToSlash(file)}
	db, err := sql.Open("sqlite", "file:"+path.EscapedPath()+"?mode=ro")
	if err != nil {
		return table, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, err := db.Query(`SELECT * FROM llama_bench ORDER BY test_time, rowid`)
	if err != nil {
		return table, fmt.Errorf("it has no table of llama-bench: %w", err)
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		return table, err
	}
	at := 0
	for found.Next() {
		values := make([]sql.NullString, len(names))
		targets := make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := found.Scan(targets...); err != nil {
			return table, err
		}
		texts := make([]string, len(names))
		for i, v := range values {
			texts[i] = v.String
		}
		at++
		table.AddColumns(names, texts, at)
	}
	if err := found.Err(); err != nil {
		return table, err
	}
	return table.Result()
}
