package line

import (
	"errors"
	"flag"
	"fmt"
	"regexp"
	"strings"

	"assay/results"
)

// undefined is what the flag package says of a flag that it does not know.
const undefined = "flag provided but not defined: -"

// unknownFlag names the flag that may have been meant, for an error of parsing.
func unknownFlag(fs *flag.FlagSet, err error) error {
	word, ok := strings.CutPrefix(err.Error(), undefined)
	if !ok {
		return answered(err)
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return fmt.Errorf("there is no flag %s%s", results.Dashed(word), didYouMean(word, results.Dashed, names))
}

// answered is what is said of another tool's flag, without the value: it may be a token.
func answered(err error) error {
	for _, f := range foreignFlags {
		for _, name := range f.Names {
			for _, said := range []string{"flag -" + name + ": ", "for -" + name + ": ", "boolean flag " + name + ": "} {
				if strings.Contains(err.Error(), said+f.Says) {
					return fmt.Errorf("%s: %s", results.Dashed(name), f.Says)
				}
			}
		}
	}
	if text, ok := strings.CutSuffix(err.Error(), ": parse error"); ok {
		return fmt.Errorf("%s: not a number of the kind that it takes, such as 10", asTyped(text))
	}
	if text := asTyped(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// namedFlag is where the flag package names a flag, always with one dash.
var namedFlag = regexp.MustCompile(`(flag needs an argument: |for flag )-([\w-]+)`)

// asTyped names flags as their users write them.
func asTyped(said string) string {
	return namedFlag.ReplaceAllStringFunc(said, func(found string) string {
		m := namedFlag.FindStringSubmatch(found)
		return m[1] + results.Dashed(m[2])
	})
}

// didYouMean suggests, as it is written, the name that differs from the word in the fewest
// letters, if that is two at most and fewer than half of them.
func didYouMean(word string, written func(string) string, names []string) string {
	best, least := "", min(3, (len(word)+1)/2)
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %s?", written(best))
}

// distance is the number of letters to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
