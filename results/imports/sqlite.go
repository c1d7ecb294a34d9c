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
func readDatabase(file string) (rows []llamabench.Row, err error) {
	path := url.URL{Path: filepath.ToSlash(file)}
	db, err := sql.Open("sqlite", "file:"+path.EscapedPath()+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, err := db.Query(`SELECT * FROM llama_bench ORDER BY test_time, rowid`)
	if err != nil {
		return nil, fmt.Errorf("it has no table of llama-bench: %w", err)
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		return nil, err
	}
	for found.Next() {
		values := make([]sql.NullString, len(names))
		targets := make([]any, len(names))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := found.Scan(targets...); err != nil {
			return nil, err
		}
		texts := make([]string, len(names))
		for i, v := range values {
			texts[i] = v.String
		}
		row, err := llamabench.FromColumns(names, texts)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}
