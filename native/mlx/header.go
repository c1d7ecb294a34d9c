package mlx

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"assay/native/dylib"
)

// HeaderError says that the header beside a library declares functions in
// another way than they are called.
type HeaderError struct {
	Path, Header string
	// Differences has a line for each function.
	Differences []string
}

func (e *HeaderError) Error() string {
	return fmt.Sprintf("%s: its header in %s differs from what is called (%s; %d in all); install an mlx-c of one of %s and name it with %s",
		e.Path, e.Header, e.Differences[0], len(e.Differences), known(), Spec().Env)
}

// Is reports that the error is dylib.ErrUnusable.
func (e *HeaderError) Is(target error) bool { return target == dylib.ErrUnusable }

// headerFolder answers the folder with mlx-c's headers that belong to the
// library at a path, "" without one: beside it, as assay's cache has them, or
// where a prefix has them.
func headerFolder(path string) string {
	for _, folder := range []string{"include", "../include"} {
		folder = filepath.Join(filepath.Dir(path), folder)
		if _, err := os.Stat(filepath.Join(folder, "mlx", "c", "array.h")); err == nil {
			return folder
		}
	}
	return ""
}

// checkedByHeader answers the release whose functions a library has, by the
// header beside it where one lies there: that decides over the release that the
// library was recognised as, and over not having been recognised.
func checkedByHeader(path string, recognised Release, unknown error) (Release, error) {
	folder := headerFolder(path)
	if folder == "" {
		return recognised, unknown
	}
	declared, err := declarations(folder)
	if err != nil {
		return Release{}, fmt.Errorf("%s: reading its header: %w", path, err)
	}
	if unknown == nil {
		if lines := differences(recognised, declared); len(lines) > 0 {
			return Release{}, &HeaderError{Path: path, Header: folder, Differences: lines}
		}
		return recognised, nil
	}
	for _, release := range releases {
		if _, ok := declared[release.First]; ok && len(differences(release, declared)) == 0 {
			release.Name = "like " + release.Name + " by its header"
			return release, nil
		}
	}
	return Release{}, unknown
}

// differences lists every function of a release that the headers declare in
// another way, or not at all, and every type of elements with another number.
func differences(release Release, declared map[string]string) (lines []string) {
	for f := range fnCount {
		want, name := release.signature(f), release.symbol(f)
		if name == "" {
			name = f.symbol() // which the header should not have
		}
		if got := declared[name]; got != want {
			lines = append(lines, fmt.Sprintf("declared %s, called as %s", orNothing(got), orNothing(want)))
		}
	}
	return lines
}

func orNothing(signature string) string {
	if signature == "" {
		return "nothing"
	}
	return signature
}

var (
	comments    = regexp.MustCompile(`(?s)/\*.*?\*/|//[^\n]*`)
	declaration = regexp.MustCompile(`(?:const )?\w+\*? mlx_\w+\((?:[^()]|\([^()]*\))*\);`)
	spaces      = regexp.MustCompile(`\s+`)
	pointer     = regexp.MustCompile(`\(\*\s*\w*\)\(`)
)

// declarations answers each function that the headers in a folder declare, in
// the form of the signatures table.
func declarations(folder string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(folder, "mlx", "c", "*.h"))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		// Joining lines first lets a declaration spread over several.
		line := spaces.ReplaceAllString(comments.ReplaceAllString(string(text), " "), " ")
		line = strings.ReplaceAll(line, " *", "* ")
		for _, text := range declaration.FindAllString(spaces.ReplaceAllString(line, " "), -1) {
			signature := normalise(text)
			found[nameIn(signature)] = signature
		}
	}
	return found, nil
}

// normalise strips qualifiers and the names of arguments.
func normalise(text string) string {
	text = strings.TrimSuffix(strings.ReplaceAll(text, "const ", ""), ";")
	text = pointer.ReplaceAllString(text, "(*)(")
	open := strings.IndexByte(text, '(')
	head, body := text[:open], text[open+1:len(text)-1]
	if body == "void" {
		body = ""
	}
	var arguments []string
	for _, argument := range splitArguments(body) {
		arguments = append(arguments, typeOf(strings.TrimSpace(argument)))
	}
	return head + "(" + strings.Join(arguments, ", ") + ")"
}

// splitArguments splits at the commas outside of parentheses.
func splitArguments(body string) (parts []string) {
	depth, start := 0, 0
	for i, c := range body {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, body[start:i])
			start = i + 1
		}
	}
	if strings.TrimSpace(body) != "" {
		parts = append(parts, body[start:])
	}
	return parts
}

// typeOf drops the name of an argument; a function pointer has none left.
func typeOf(argument string) string {
	if head, inner, ok := strings.Cut(argument, "(*)("); ok {
		inner = strings.TrimSuffix(inner, ")")
		var types []string
		for _, one := range splitArguments(inner) {
			types = append(types, typeOf(strings.TrimSpace(one)))
		}
		return strings.TrimSpace(head) + "(*)(" + strings.Join(types, ",") + ")"
	}
	words := strings.Fields(argument)
	if len(words) > 1 {
		words = words[:len(words)-1]
	}
	return strings.Join(words, " ")
}

func nameIn(signature string) string {
	head, _, _ := strings.Cut(signature, "(")
	return head[strings.LastIndexByte(head, ' ')+1:]
}
