package store

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// address is where a store is.
type address struct {
	postgres bool
	// source is what the driver is given; name, for messages, has no password.
	source, name string
	secrets      []string
}

// BadAddress is a text that names no store. It may hold a password, so it is not in
// the error.
type BadAddress struct{ Why string }

func (e *BadAddress) Error() string {
	return "the store: " + e.Why + "; name the path of a SQLite file, or postgres://user@host/database"
}

// BadInput says that another input is needed.
func (e *BadAddress) BadInput() bool { return true }

var (
	scheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+):`)
	// words are what PostgreSQL's connection strings consist of, or other databases'.
	words = regexp.MustCompile(`(?i)(^|[\s;])(host|hostaddr|port|user|username|uid|dbname|database|password|pwd|passfile|service|sslmode|server)\s*=`)
)

// parseDSN reads what a user calls a store.
func parseDSN(dsn string) (address, error) {
	if m := scheme.FindStringSubmatch(dsn); m != nil {
		rest := dsn[len(m[0]):]
		switch name := strings.ToLower(m[1]); {
		case (name == "postgres" || name == "postgresql") && strings.HasPrefix(rest, "//"):
			return postgresAddress(name + ":" + rest)
		case name == "file", name == "sqlite", name == "sqlite3":
			return address{}, &BadAddress{fmt.Sprintf("%s: is no way to name one; leave it out, and what follows a question mark", name)}
		default:
			return address{}, &BadAddress{fmt.Sprintf("%q is not a kind of it", m[1]+":")}
		}
	}
	if words.MatchString(dsn) {
		return postgresAddress(dsn)
	}
	if dsn == "" || strings.ContainsRune(dsn, 0) {
		return address{}, &BadAddress{"its name is empty, or none that a file can have"}
	}
	return address{name: dsn}, nil
}

// postgresAddress lets the driver read a URL or connection words.
func postgresAddress(dsn string) (address, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil { // which may quote what stands in it
		return address{}, &BadAddress{"its PostgreSQL address cannot be read"}
	}
	u := url.URL{Scheme: "postgres", Host: fmt.Sprintf("%s:%d", config.Host, config.Port), Path: "/" + config.Database,
		User: url.User(config.User)}
	a := address{postgres: true, source: dsn, secrets: []string{config.Password, url.QueryEscape(config.Password), os.Getenv("PGPASSWORD")}}
	if config.Password != "" {
		u.User = url.UserPassword(config.User, "xxxxx")
	}
	a.name = u.String()
	return a, nil
}

// hide takes the password out of what a driver says.
func (a address) hide(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, s := range a.secrets {
		if s != "" && strings.Contains(text, s) {
			text = strings.ReplaceAll(text, s, "xxxxx")
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
