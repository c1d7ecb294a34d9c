package llama

import (
	"fmt"
	"strings"
)

// CallError says that a call into the library failed.
type CallError struct {
	// Call is what was tried, in words.
	Call string
	// Lines are the last that the library printed.
	Lines []string
}

func (e *CallError) Error() string { return e.Call + " failed" + quoteLines(e.Lines) }

// DecodeError says that llama_decode refused a batch.
type DecodeError struct {
	// Status is what llama_decode answered: 1 no room in the cache, 2 aborted,
	// below 0 an error.
	Status int32
	Tokens int
	Lines  []string
}

func (e *DecodeError) Error() string {
	reason := fmt.Sprintf("llama_decode answered %d", e.Status)
	if e.Status == 1 {
		reason = "the cache has no room for them"
	}
	return fmt.Sprintf("decoding %d tokens: %s%s", e.Tokens, reason, quoteLines(e.Lines))
}

// UnsupportedError says that this release lacks something that was asked for.
type UnsupportedError struct {
	// Feature is the field's name in llama.h.
	Feature string
	Version string
	// Since is the first known release that has it, "" if none has.
	Since string
}

func (e *UnsupportedError) Error() string {
	if e.Since == "" {
		return fmt.Sprintf("llama.cpp %s has no %s, nor has any known release", e.Version, e.Feature)
	}
	return fmt.Sprintf("llama.cpp %s has no %s; install %s or later", e.Version, e.Feature, e.Since)
}

// quoteLines renders the library's last words for the end of an error.
func quoteLines(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "; the library said: " + strings.Join(lines, " | ")
}
