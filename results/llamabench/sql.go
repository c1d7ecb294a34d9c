package llamabench

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
)

// ReadSQL reads what llama-bench -o sql wrote, or what sqlite3's .dump makes
// of it. The statements are read, not executed: whatever else stands in the
// file has no effect.
func ReadSQL(text []byte) (Table, error) {
	var t Table
	var table []string // the columns of CREATE TABLE, for an INSERT that names none
	above := 0
	if start := firstStatement.FindIndex(text); start != nil {
		above = bytes.Count(text[:start[0]], []byte("\n"))
		text = text[start[0]:]
	}
	for in := (&scanner{text: string(text)}); ; {
		words, err := in.statement()
		if err != nil {
			t.add(Row{}, err, "line", above+in.line())
			return t.Result()
		}
		if words == nil {
			return t.Result()
		}
		if at := llamaBench(words); at > 0 && words[0].is("CREATE") {
			table = definitions(words[at+1:])
		} else if at > 0 && words[0].is("INSERT") {
			row, err := insert(words[at+1:], table)
			t.add(row, err, "line", above+in.line())
		}
	}
}

// firstStatement is a line with which the SQL begins; what a library printed
// may stand in front of it.
var firstStatement = regexp.MustCompile(`(?m)^\s*(?:CREATE TABLE|INSERT INTO|PRAGMA|BEGIN)\b`)

// word is a token: a name or number, a quoted string, or one other byte.
type word struct {
	text   string
	quoted bool
}

func (w word) is(s string) bool { return !w.quoted && strings.EqualFold(w.text, s) }

// llamaBench returns where the table's name stands in a statement, or 0.
func llamaBench(words []word) int {
	for i, w := range words {
		if w.is("(") {
			break
		}
		if strings.EqualFold(w.text, "llama_bench") {
			return i
		}
	}
	return 0
}

// definitions returns the first word of each column of "(name TYPE, ...)".
func definitions(words []word) []string {
	var names []string
	for i := 1; i < len(words); i++ {
		if words[i-1].is("(") || words[i-1].is(",") {
			names = append(names, words[i].text)
		}
	}
	return names
}

// insert reads "[(columns)] VALUES (values)".
func insert(words []word, columns []string) (Row, error) {
	at := slices.IndexFunc(words, func(w word) bool { return w.is("VALUES") })
	if at < 0 {
		return Row{}, errors.New("an INSERT without VALUES")
	}
	if names := list(words[:at]); len(names) > 0 {
		columns = names
	}
	return FromColumns(columns, list(words[at+1:]))
}

// list returns the items of "(a, b)"; NULL is "".
func list(words []word) []string {
	var items []string
	for _, w := range words {
		switch {
		case w.is("("), w.is(")"), w.is(","):
		case w.is("NULL"):
			items = append(items, "")
		default:
			items = append(items, w.text)
		}
	}
	return items
}

type scanner struct {
	text string
	pos  int
}

func (s *scanner) line() int { return 1 + strings.Count(s.text[:s.pos], "\n") }

// statement returns the words up to the next semicolon, nil at the end.
func (s *scanner) statement() ([]word, error) {
	var words []word
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.pos++
		case strings.HasPrefix(s.text[s.pos:], "--"):
			s.until(func(c byte) bool { return c == '\n' })
		case c == ';':
			s.pos++
			if len(words) > 0 {
				return words, nil
			}
		case c == '\'' || c == '"':
			text, err := s.quoted(c)
			if err != nil {
				return nil, err
			}
			words = append(words, word{text, true})
		case plain(c):
			words = append(words, word{s.until(func(c byte) bool { return !plain(c) }), false})
		default:
			s.pos++
			words = append(words, word{string(rune(c)), false})
		}
	}
	if len(words) > 0 {
		return nil, errors.New("the last statement breaks off")
	}
	return nil, nil
}

func plain(c byte) bool {
	return c == '_' || c == '.' || c == '-' || c == '+' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// until moves to the first byte that ends, and returns what it passed.
func (s *scanner) until(ends func(byte) bool) string {
	start := s.pos
	for s.pos < len(s.text) && !ends(s.text[s.pos]) {
		s.pos++
	}
	return s.text[start:s.pos]
}

// quoted reads a string in which a doubled quote stands for one.
func (s *scanner) quoted(quote byte) (string, error) {
	var b strings.Builder
	for s.pos++; s.pos < len(s.text); s.pos++ {
		if s.text[s.pos] == quote {
			s.pos++
			if s.pos == len(s.text) || s.text[s.pos] != quote {
				return b.String(), nil
			}
		}
		b.WriteByte(s.text[s.pos])
	}
	return "", errors.New("a quoted value breaks off")
}
