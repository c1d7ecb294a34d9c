package site

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"net/url"
	"time"
)

// query names two runs of a machine for the page that compares them.
func query(machine, base, head string) string {
	return url.Values{"m": {short(machine)}, "a": {base}, "b": {head}}.Encode()
}

func day(t time.Time) string { return t.Format(time.DateOnly) }

// short is a name of a file for any text: the same for ever.
func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

func casePage(m Machine, i int) string {
	return "case/" + short(m.Name+"\x00"+string(m.Cases[i].History.Key)) + ".html"
}

func runPage(r Run) string { return "run/" + short(r.ID) + ".html" }

func dataFile(m Machine) string { return "data/" + short(m.Name) + ".js" }

func compareLink(m Machine, base, head string) string {
	return fmt.Sprintf("compare.html#%s", query(m.Name, base, head))
}
