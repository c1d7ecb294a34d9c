package results

import "slices"

// OutputCheck is the name of the check that a case comes to the same output as those
// of its run that must.
const OutputCheck = "output = output of other settings"

// SameOutput reports whether two cases must come to the same output: they are of
// one model and runtime, and differ in no setting that changes it.
func SameOutput(a, b Record) bool {
	if a.Runtime.Name != b.Runtime.Name || !slices.Equal(a.Model.Identity(), b.Model.Identity()) || a.Case.Other != b.Case.Other {
		return false
	}
	return !slices.ContainsFunc(Settings, func(s Setting) bool { return s.Changes && s.Of(a.Case) != s.Of(b.Case) })
}
