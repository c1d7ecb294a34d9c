package store

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// dialect is what differs between the two databases.
type dialect struct {
	driver string
	// types replaces the type names of the migrations.
	types *strings.Replacer
	// tables counts the tables of the database that a store would share.
	tables    string
	tableName string // the column of tables with a table's name
	// lock is executed first by a migration, so that two programs that open
	// an old store at once do not both change it.
	lock string
	// numbered is what a parameter's number follows.
	numbered string
}

var sqlite = dialect{
	driver:    "sqlite",
	types:     strings.NewReplacer("SERIAL", "INTEGER PRIMARY KEY", "BYTES", "BLOB", "CLUSTERED", "WITHOUT ROWID"),
	tables:    `SELECT count(*) FROM sqlite_master WHERE type = 'table'`,
	tableName: "name",
	lock:      `SELECT 1`, // every transaction begins IMMEDIATE
	numbered:  "?",
}

var postgres = dialect{
	driver:    "pgx",
	types:     strings.NewReplacer("SERIAL", "BIGSERIAL PRIMARY KEY", "BYTES", "BYTEA", "CLUSTERED", ""),
	tables:    `SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()`,
	tableName: "table_name",
	lock:      `SELECT pg_advisory_xact_lock(7243905511)`,
	numbered:  "$",
}

// bind writes the parameters ?1, ?2 as the database wants them.
func (d dialect) bind(query string) string { return strings.ReplaceAll(query, "?", d.numbered) }

// sqliteSource returns the data source for a file. WAL with synchronous FULL
// syncs the log at every commit, so a commit survives the process and the
// machine; fullfsync makes macOS flush the drive's own cache too.
// https://www.sqlite.org/pragma.html#pragma_synchronous
func sqliteSource(file string) string {
	query := url.Values{
		"_pragma": {"busy_timeout(30000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	return sqliteURI(file, query)
}

// sqliteReadOnly is the data source of a file whose folder cannot be written. A
// WAL database needs files beside it even to be read, unless it is said to be
// immutable; that would leave out what is still in its log, so not with one.
// https://www.sqlite.org/wal.html#read_only_databases
func sqliteReadOnly(file string) string {
	query := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(30000)"}}
	if log, err := os.Stat(file + "-wal"); err != nil || log.Size() == 0 {
		query.Set("immutable", "1")
	}
	return sqliteURI(file, query)
}

func sqliteURI(file string, query url.Values) string {
	path := url.URL{Path: filepath.ToSlash(file)}
	return "file:" + path.EscapedPath() + "?" + query.Encode()
}

// sqliteNowhere is the data source of a database in memory, which the
// connections of one Store share and nothing is ever written to.
const sqliteNowhere = "file:nowhere?mode=memory&cache=shared&_txlock=immediate"

// sqliteCopy is the data source of a copy, whose log SQLite may read in, and nobody
// else write.
func sqliteCopy(file string) string {
	return sqliteURI(file, url.Values{"mode": {"rw"}, "_pragma": {"query_only(1)"}})
}
