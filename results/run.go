package results

// Run is one execution of a suite on one machine: a set of records with one
// run id.
type Run struct {
	ID string
	// Source says where the records were read from: a file's name or the store.
	Source  string
	Records []Record
	// Warnings are sentences about what was wrong but could be read past,
	// such as half a line at the end of a file.
	Warnings []string
}

// ByKey returns the records by the key of their case. Where a case was tried
// more than once, the last success wins, and the last attempt if there is none.
func (r Run) ByKey() map[Key]Record {
	cases := make(map[Key]Record, len(r.Records))
	for _, rec := range r.Records {
		key := rec.Key()
		if old, ok := cases[key]; ok && old.Status == StatusOK && rec.Status != StatusOK {
			continue
		}
		cases[key] = rec
	}
	return cases
}
