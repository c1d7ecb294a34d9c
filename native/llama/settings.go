package llama

// settings fill in a parameter struct for the release that is open. A member
// that the release's struct lacks is kept in mind and refused at the end: left
// out, the library would run with another setting than the record says.
type settings struct {
	version string
	layout  layout
	// known are all layouts of the struct, oldest first, to name a release that
	// has what is lacking.
	known   []layout
	block   block
	lacking error
}

func (l *Library) modelSettings() *settings {
	return &settings{version: l.version, layout: l.modelLayout, known: modelLayouts, block: l.modelDefaults}
}

func (l *Library) contextSettings() *settings {
	return &settings{version: l.version, layout: l.contextLayout, known: contextLayouts, block: l.contextDefaults}
}

// has reports whether the release's struct has a member of the name.
func (s *settings) has(name string) bool {
	_, ok := s.layout.find(name)
	return ok
}

// set writes a member by its name in llama.h.
func (s *settings) set(name string, value uint64) {
	f, ok := s.layout.find(name)
	if !ok {
		if s.lacking == nil {
			s.lacking = &UnsupportedError{Feature: name, Version: s.version, Since: s.since(name)}
		}
		return
	}
	s.block.set(f, value)
}

// since names the first known release whose struct has the member, "" if none.
func (s *settings) since(name string) string {
	for _, l := range s.known {
		if _, ok := l.find(name); ok {
			return l.name
		}
	}
	return ""
}

// filled answers the struct; the error is the first member that was set and is
// lacking, an *UnsupportedError.
func (s *settings) filled() (*block, error) {
	if s.lacking != nil {
		return nil, s.lacking
	}
	return &s.block, nil
}
