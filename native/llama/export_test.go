package llama

// ContextMember answers the size of the library's context struct, and where a
// member of it lies and how wide it is.
func ContextMember(l *Library, name string) (size, offset, width int, ok bool) {
	f, ok := l.contextLayout.find(name)
	return l.contextLayout.size, f.offset, int(f.kind), ok
}

// PossibleThreads says what stands against such threads on a system of so many cores.
func PossibleThreads(t Threads, system string, cores int) error { return t.possible(system, cores) }
