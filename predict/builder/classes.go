package builder

import "slices"

var classes = slices.Concat(attentionClasses, recurrentClasses, feedForwardClasses, updateClasses, draftClasses, globalClasses,
	normClasses, []Class{outputScaleClass})

// Classes lists every layer class, in the order in which they claim tensors.
func Classes() []Class { return slices.Clone(classes) }
