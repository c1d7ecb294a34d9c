package harness

import (
	"fmt"
	"strings"
)

// Runtimes are all runtimes, in the order in which they are shown.
func Runtimes() []Runtime { return []Runtime{llamaCpp{}, mlxLM{}} }

// RuntimeNamed returns the runtime of that name.
func RuntimeNamed(name string) (Runtime, error) {
	var names []string
	for _, rt := range Runtimes() {
		if rt.Name() == name {
			return rt, nil
		}
		names = append(names, rt.Name())
	}
	return nil, inputError{fmt.Errorf("there is no runtime %q; known are %s", name, strings.Join(names, ", "))}
}
