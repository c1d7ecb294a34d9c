package alert

import (
	"fmt"
	"strconv"
	"strings"

	"assay/results"
	"assay/results/diff"
)

// Reproduce is the command that measures a case again, quoted for a shell.
func Reproduce(c diff.Case) string {
	args := []string{"assay", "run", "-m", c.Ref, "--runtime", c.Runtime}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	args = append(args, tokenFlags(c.Case)...)
	add("--kind", string(c.Kind))
	if c.Kind != results.KindPlan {
		add("--skeleton", c.Skeleton) // a plan takes a sparse one by itself
	}
	if c.Skeleton != "" {
		add("--weight-type", c.WeightType)
	}
	for _, s := range results.Settings {
		if s.PerKind == nil {
			args = append(args, settingFlags(s, c)...)
		}
	}
	for i, a := range args {
		args[i] = shell(a)
	}
	return strings.Join(args, " ")
}

// settingFlags set a setting as the case has it, where the runtime has it in
// cases of that kind. What is 0 is left out of a record, and need not be the
// flag's default.
func settingFlags(s results.Setting, c diff.Case) []string {
	v := s.Of(c.Case)
	switch {
	case !s.KnownTo(c.Runtime, c.Kind), s.Zero(c.Case) && !s.CanBeZero():
		return nil
	case s.IsSwitch():
		return []string{results.Dashed(s.Flag)}
	}
	return []string{results.Dashed(s.Flag), fmt.Sprint(v)}
}

// tokenFlags are the flags that set a case's token counts. A decode with a
// prompt is what -pg times, and the cases of the two counts alone are left out.
func tokenFlags(c results.Case) []string {
	prompt, gen := strconv.Itoa(c.NPrompt), strconv.Itoa(c.NGen)
	switch {
	case c.Kind == results.KindDecode && c.NPrompt != 0:
		return []string{"-pg", prompt + "," + gen, "-p", "0", "-n", "0"}
	case c.Kind == results.KindDecode:
		return []string{"-n", gen, "-p", "0"}
	}
	return []string{"-p", prompt, "-n", gen}
}

// shell quotes a word for a shell unless it is plain. What cannot be printed is
// made visible first, so that pasting the command runs nothing hidden.
func shell(word string) string {
	word = results.Printable(word)
	plain := word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:=,+-") == ""
	if plain {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
