package results

import "strings"

// FileApart returns what tells a model from others of the records that are called and
// packed alike: its file's name or, where these are alike too, the start of its
// header's hash. It is empty where nothing is needed.
func FileApart(records []Record) func(Model) string {
	title := func(m Model) string { return strings.Join([]string{m.Called(), m.Weights(), m.Skeleton}, "\x00") }
	identities, files := map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, r := range records {
		note(identities, title(r.Model), strings.Join(r.Model.Identity(), " "))
		note(files, title(r.Model), r.Model.file())
	}
	return func(m Model) string {
		switch n := len(identities[title(m)]); {
		case n < 2:
			return ""
		case len(files[title(m)]) == n || m.HeaderSHA256 == "":
			return strings.TrimSuffix(m.file(), ".gguf")
		}
		return m.HeaderSHA256[:min(len(m.HeaderSHA256), shownOfHeader)]
	}
}

// note adds a value to those of a title.
func note(of map[string]map[string]bool, title, value string) {
	if of[title] == nil {
		of[title] = map[string]bool{}
	}
	of[title][value] = true
}
