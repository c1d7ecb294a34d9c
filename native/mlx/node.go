package mlx

import (
	"fmt"
	"strconv"
	"strings"
)

// Node is one primitive of a graph: what is computed from what.
type Node struct {
	// Primitive is MLX's name of it: Matmul, QuantizedMatmul, Add. A fused part
	// is one node whose name begins with Compiled.
	Primitive       string
	Inputs, Outputs []Operand
}

// Operand is an array as a graph names it.
type Operand struct {
	Name  string
	Shape []int64
	Type  string // float32, uint32
}

// Elements is the number of elements.
func (o Operand) Elements() int64 {
	n := int64(1)
	for _, dim := range o.Shape {
		n *= dim
	}
	return n
}

// ParseGraph reads what Scope.Graph answers: a line of inputs and one of
// outputs, then a line for each primitive,
//
//	Matmul A [(69,32), float32], B [(32,16), float32] -> C [(69,16), float32]
//
// The error names the line that does not read so.
func ParseGraph(text string) ([]Node, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 2 || !strings.HasPrefix(lines[0], "Inputs:") || !strings.HasPrefix(lines[1], "Outputs:") {
		return nil, fmt.Errorf("MLX's graph begins with neither its inputs nor its outputs: %.80q", text)
	}
	nodes := make([]Node, 0, len(lines)-2)
	for i, line := range lines[2:] {
		node, err := parseNode(line)
		if err != nil {
			return nil, fmt.Errorf("line %d of MLX's graph, %.80q: %w", i+3, line, err)
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

func parseNode(line string) (n Node, err error) {
	from, to, ok := strings.Cut(line, "-> ")
	if !ok {
		return n, fmt.Errorf("it has no arrow")
	}
	var inputs string
	if n.Primitive, inputs, ok = strings.Cut(from, " "); !ok || n.Primitive == "" {
		return n, fmt.Errorf("it names no primitive")
	}
	if n.Inputs, err = parseOperands(strings.TrimSuffix(inputs, " ")); err != nil {
		return n, err
	}
	if n.Outputs, err = parseOperands(to); err == nil && len(n.Outputs) == 0 {
		err = fmt.Errorf("it has no output")
	}
	return n, err
}

// parseOperands reads "A [(1,2), float32], B [(), int32]".
func parseOperands(text string) (all []Operand, err error) {
	for text != "" {
		var o Operand
		var shape, rest string
		var ok bool
		if o.Name, rest, ok = strings.Cut(text, " [("); !ok || o.Name == "" {
			return nil, fmt.Errorf("an array has no name or no shape")
		}
		if shape, rest, ok = strings.Cut(rest, "), "); !ok {
			return nil, fmt.Errorf("array %s has no type", o.Name)
		}
		if o.Type, text, ok = strings.Cut(rest, "]"); !ok {
			return nil, fmt.Errorf("array %s does not end", o.Name)
		}
		if o.Shape, err = parseShape(shape); err != nil {
			return nil, fmt.Errorf("array %s: %w", o.Name, err)
		}
		all = append(all, o)
		if next, more := strings.CutPrefix(text, ", "); more && next != "" {
			text = next
		} else if text != "" {
			return nil, fmt.Errorf("array %s is followed by %.20q", o.Name, text)
		}
	}
	return all, nil
}

// parseShape reads "1,69,32", or "" of a number.
func parseShape(text string) ([]int64, error) {
	if text == "" {
		return nil, nil
	}
	var shape []int64
	for part := range strings.SplitSeq(text, ",") {
		dim, err := strconv.ParseInt(part, 10, 32)
		if err != nil || dim < 0 {
			return nil, fmt.Errorf("%q is no dimension", part)
		}
		shape = append(shape, dim)
	}
	return shape, nil
}
