package store

import (
	"database/sql"
	"encoding/json"
	"errors"

	"assay/results"
)

// seriesOf returns the number of the record's series and enters it if it is not
// there. A series that was begun before a file's identity was part of a key becomes
// that of the first model that all of it can be of; where it can not, the model
// gets a series of its own, and both are kept.
func (t tx) seriesOf(rec results.Record) (int64, error) {
	machine, key := rec.Host.Machine(), rec.Key()
	var n int64
	var text string
	err := t.row(`SELECT n, model FROM series WHERE machine = ?1 AND (key = ?2 OR called = ?2)`, machine, string(key)).Scan(&n, &text)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if n, err = t.adopt(rec); n != 0 || err != nil {
			return n, err
		}
	case err != nil:
		return 0, err
	default:
		model, err := modelOf(text)
		if err != nil || text == "" || model.Same(rec.Model) {
			return n, err
		}
		rec.Model.SizeBytes = rec.Model.WeightBytes // another model of that name
		key = rec.Key()
	}
	return t.intern(`series`, `machine, key`, machine, string(key))
}

// adopt calls the series that the record's case had by its earlier key by its key
// now, and so do the baseline of the case and what documents of the machine remember.
// It returns 0 if there is none, or if it cannot be of this model alone.
func (t tx) adopt(rec results.Record) (int64, error) {
	machine, earlier := rec.Host.Machine(), string(rec.EarlierKey())
	var n int64
	err := t.row(`SELECT n FROM series WHERE machine = ?1 AND key = ?2 AND called = ''`, machine, earlier).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if same, err := t.allOf(n, rec.Model); err != nil || !same {
		return 0, err
	}
	text, err := json.Marshal(rec.Model)
	if err != nil {
		return 0, err
	}
	key := string(rec.Key())
	if err := t.exec(`UPDATE baselines SET key = ?1 WHERE machine = ?2 AND key = ?3`, key, machine, earlier); err != nil {
		return 0, err
	}
	if err := t.replaceInDocuments(machine, earlier, key); err != nil {
		return 0, err
	}
	return n, t.exec(`UPDATE series SET called = ?1, model = ?2 WHERE n = ?3`, key, string(text), n)
}

// replaceInDocuments puts a key in the place of another in a machine's documents,
// where it stands as a string of JSON or as the last words of one.
func (t tx) replaceInDocuments(machine, before, after string) error {
	was, err := json.Marshal(before)
	if err != nil {
		return err
	}
	is, err := json.Marshal(after)
	if err != nil {
		return err
	}
	const replace = `UPDATE documents SET body = replace(replace(body, ?1, ?2), ?3, ?4) WHERE name = ?5`
	return t.exec(replace, string(was), string(is), " "+string(was[1:]), " "+string(is[1:]), machine)
}

// allOf reports whether all records of a series can be of one model.
func (t tx) allOf(series int64, m results.Model) (bool, error) {
	same := true
	rows, err := t.query(`SELECT DISTINCT c.sha256, c.body FROM records r JOIN constants c ON c.n = r.constant WHERE r.series = ?1`, series)
	err = each(rows, err, func(rows *sql.Rows) error {
		var hash string
		var body []byte
		if err := rows.Scan(&hash, &body); err != nil {
			return err
		}
		if !unchanged(hash, body) {
			return errConstant
		}
		var rec results.Record
		err := json.Unmarshal(body, &rec)
		same = same && rec.Model.Same(m)
		return err
	})
	return same, err
}
