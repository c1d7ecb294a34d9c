package mlx

// Each operation below is the function of the same name in mlx.core; shapes,
// axes and broadcasting are as documented there.

func (s *Scope) Add(a, b Array) Array          { return s.op(fnAdd, a.handle, b.handle) }
func (s *Scope) Subtract(a, b Array) Array     { return s.op(fnSubtract, a.handle, b.handle) }
func (s *Scope) Multiply(a, b Array) Array     { return s.op(fnMultiply, a.handle, b.handle) }
func (s *Scope) Divide(a, b Array) Array       { return s.op(fnDivide, a.handle, b.handle) }
func (s *Scope) FloorDivide(a, b Array) Array  { return s.op(fnFloorDivide, a.handle, b.handle) }
func (s *Scope) Power(a, b Array) Array        { return s.op(fnPower, a.handle, b.handle) }
func (s *Scope) Greater(a, b Array) Array      { return s.op(fnGreater, a.handle, b.handle) }
func (s *Scope) GreaterEqual(a, b Array) Array { return s.op(fnGreaterEqual, a.handle, b.handle) }
func (s *Scope) Less(a, b Array) Array         { return s.op(fnLess, a.handle, b.handle) }
func (s *Scope) BitwiseAnd(a, b Array) Array   { return s.op(fnBitwiseAnd, a.handle, b.handle) }
func (s *Scope) Matmul(a, b Array) Array       { return s.op(fnMatmul, a.handle, b.handle) }

func (s *Scope) Negative(a Array) Array { return s.op(fnNegative, a.handle) }
func (s *Scope) Sigmoid(a Array) Array  { return s.op(fnSigmoid, a.handle) }
func (s *Scope) Tanh(a Array) Array     { return s.op(fnTanh, a.handle) }

func (s *Scope) Exp(a Array) Array    { return s.op(fnExp, a.handle) }
func (s *Scope) Log(a Array) Array    { return s.op(fnLog, a.handle) }
func (s *Scope) Floor(a Array) Array  { return s.op(fnFloor, a.handle) }
func (s *Scope) Square(a Array) Array { return s.op(fnSquare, a.handle) }
func (s *Scope) ErfInv(a Array) Array { return s.op(fnErfInv, a.handle) }

func (s *Scope) Maximum(a, b Array) Array   { return s.op(fnMaximum, a.handle, b.handle) }
func (s *Scope) LogAddExp(a, b Array) Array { return s.op(fnLogAddExp, a.handle, b.handle) }
func (s *Scope) LessEqual(a, b Array) Array { return s.op(fnLessEqual, a.handle, b.handle) }
func (s *Scope) Equal(a, b Array) Array     { return s.op(fnEqual, a.handle, b.handle) }

// Clip bounds a; a zero lo or hi is no bound.
func (s *Scope) Clip(a, lo, hi Array) Array {
	return s.op(fnClip, a.handle, lo.handle, hi.handle)
}

// Where takes x where the condition holds, otherwise y.
func (s *Scope) Where(condition, x, y Array) Array {
	return s.op(fnWhere, condition.handle, x.handle, y.handle)
}

// LogSumExp reduces over all axes, which are kept with size 1.
func (s *Scope) LogSumExp(a Array) Array { return s.op(fnLogSumExp, a.handle, 1) }

// LogSumExpRows reduces the last axis, which is kept with size 1.
func (s *Scope) LogSumExpRows(a Array) Array { return s.op(fnLogSumExpAxis, a.handle, integer(-1), 1) }

// Roll shifts an axis by so many places; what leaves it at the end comes in again.
func (s *Scope) Roll(a Array, shift, axis int) Array {
	address, n := s.ints(0, []int{shift})
	return s.op(fnRollAxis, a.handle, address, n, integer(axis))
}

// Sum reduces one axis.
func (s *Scope) Sum(a Array, axis int, keepDims bool) Array {
	return s.op(fnSumAxis, a.handle, integer(axis), boolean(keepDims))
}

// Mean is the mean over one axis.
func (s *Scope) Mean(a Array, axis int, keepDims bool) Array {
	return s.op(fnMeanAxis, a.handle, integer(axis), boolean(keepDims))
}

// Std is the standard deviation over one axis, of the whole population.
func (s *Scope) Std(a Array, axis int, keepDims bool) Array {
	return s.op(fnStdAxis, a.handle, integer(axis), boolean(keepDims), 0)
}

// CumSum sums an axis up to and with each element.
func (s *Scope) CumSum(a Array, axis int) Array {
	if s.lib.Release.symbol(fnCumSum) != fnCumSum.symbol() {
		return s.op(fnCumSum, a.handle, integer(axis), 0, 1)
	}
	return s.op(fnCumSum, a.handle, integer(axis), 0, 1, 0) // in a's own type
}

// Tril zeroes what lies above the diagonal that is k above the main one.
func (s *Scope) Tril(a Array, k int) Array { return s.op(fnTril, a.handle, integer(k)) }

// TopK returns the k largest along the last axis, in no order.
func (s *Scope) TopK(a Array, k int) Array {
	return s.op(fnTopKAxis, a.handle, integer(k), integer(-1))
}

// PutAlong returns a with values at the indices along an axis.
func (s *Scope) PutAlong(a, indices, values Array, axis int) Array {
	return s.op(fnPutAlongAxis, a.handle, indices.handle, values.handle, integer(axis))
}

// Contiguous copies a view into rows of its own.
func (s *Scope) Contiguous(a Array) Array { return s.op(fnContiguous, a.handle, 0) }

// View is the same bytes as elements of another type.
func (s *Scope) View(a Array, t DType) Array { return s.op(fnView, a.handle, uintptr(t)) }

// Repeat repeats each element along an axis.
func (s *Scope) Repeat(a Array, times, axis int) Array {
	return s.op(fnRepeatAxis, a.handle, integer(times), integer(axis))
}

// BroadcastTo is a view of a in a larger shape.
func (s *Scope) BroadcastTo(a Array, shape ...int) Array {
	address, n := s.ints(0, shape)
	return s.op(fnBroadcastTo, a.handle, address, n)
}

// DepthwiseConv convolves (1, rows, width) with weights (width, kernel, 1), each
// channel for itself, without padding: rows - kernel + 1 remain.
func (s *Scope) DepthwiseConv(x, weight Array, width int) Array {
	return s.op(fnConv1D, x.handle, weight.handle, 1, 0, 1, integer(width))
}

// Softmax over the last axis, in float32 whatever a's type is.
func (s *Scope) Softmax(a Array) Array {
	return s.op(fnSoftmaxAxis, a.handle, integer(-1), 1)
}

// SoftmaxAsTyped is Softmax in a's own type.
func (s *Scope) SoftmaxAsTyped(a Array) Array {
	return s.op(fnSoftmaxAxis, a.handle, integer(-1), 0)
}

// ArgMax answers the index of the largest element along the last axis, as uint32.
func (s *Scope) ArgMax(a Array) Array {
	return s.op(fnArgmaxAxis, a.handle, integer(-1), 0)
}

// ArgPartition partitions indices along the last axis around the kth element.
func (s *Scope) ArgPartition(a Array, kth int) Array {
	return s.op(fnArgPartitionAxis, a.handle, integer(kth), integer(-1))
}

// ArgPartitionAxis is ArgPartition along another axis.
func (s *Scope) ArgPartitionAxis(a Array, kth, axis int) Array {
	return s.op(fnArgPartitionAxis, a.handle, integer(kth), integer(axis))
}

// ArgSort sorts a flattened.
func (s *Scope) ArgSort(a Array) Array { return s.op(fnArgSort, a.handle) }

// AsType converts the elements.
func (s *Scope) AsType(a Array, t DType) Array { return s.op(fnAstype, a.handle, uintptr(t)) }

// Reshape gives a another shape; one dimension may be -1.
func (s *Scope) Reshape(a Array, shape ...int) Array {
	address, n := s.ints(0, shape)
	return s.op(fnReshape, a.handle, address, n)
}

// T reverses the axes.
func (s *Scope) T(a Array) Array { return s.op(fnTranspose, a.handle) }

// Transpose orders the axes.
func (s *Scope) Transpose(a Array, axes ...int) Array {
	address, n := s.ints(0, axes)
	return s.op(fnTransposeAxes, a.handle, address, n)
}

// SwapAxes exchanges two axes.
func (s *Scope) SwapAxes(a Array, i, j int) Array {
	return s.op(fnSwapAxes, a.handle, integer(i), integer(j))
}

// ExpandDims inserts axes of size 1; the numbers are those in the result.
func (s *Scope) ExpandDims(a Array, axes ...int) Array {
	if len(axes) == 1 {
		return s.op(fnExpandDims, a.handle, integer(axes[0]))
	}
	address, n := s.ints(0, axes)
	return s.op(fnExpandDimsAxes, a.handle, address, n)
}

// Squeeze removes an axis of size 1.
func (s *Scope) Squeeze(a Array, axis int) Array { return s.op(fnSqueezeAxis, a.handle, integer(axis)) }

// Flatten joins the axes from start to end, both included.
func (s *Scope) Flatten(a Array, start, end int) Array {
	return s.op(fnFlatten, a.handle, integer(start), integer(end))
}

// Unflatten splits an axis into shape.
func (s *Scope) Unflatten(a Array, axis int, shape ...int) Array {
	address, n := s.ints(0, shape)
	return s.op(fnUnflatten, a.handle, integer(axis), address, n)
}

// Concatenate joins arrays along an axis.
func (s *Scope) Concatenate(axis int, arrays ...Array) Array {
	return s.gathered(fnConcatenateAxis, axis, arrays)
}

// Stack joins arrays along a new axis.
func (s *Scope) Stack(axis int, arrays ...Array) Array {
	return s.gathered(fnStackAxis, axis, arrays)
}

func (s *Scope) gathered(f fn, axis int, arrays []Array) Array {
	if s.err != nil {
		return Array{}
	}
	v := s.vector(arrays)
	joined := s.op(f, v, integer(axis))
	s.lib.call(fnVectorFree, v)
	return joined
}

// Split cuts a before each index along an axis.
func (s *Scope) Split(a Array, axis int, indices ...int) []Array {
	parts := make([]Array, len(indices)+1)
	if s.err != nil {
		return parts
	}
	address, n := s.ints(0, indices)
	s.lib.out = 0
	if status := s.lib.call(fnSplitSections, ptr(&s.lib.out), a.handle, address, n, integer(axis), s.lib.stream); int32(status) != 0 {
		s.err = s.lib.failure(fnSplitSections)
		return parts
	}
	return s.unpack(s.lib.out, len(parts))
}

// Slice takes start to stop (excluded) on every axis.
func (s *Scope) Slice(a Array, start, stop []int) Array {
	from, n := s.ints(0, start)
	to, _ := s.ints(1, stop)
	step := s.ones(n)
	return s.op(fnSlice, a.handle, from, n, to, n, step, n)
}

// SliceUpdate answers a with update in the place of start to stop (excluded).
func (s *Scope) SliceUpdate(a, update Array, start, stop []int) Array {
	from, n := s.ints(0, start)
	to, _ := s.ints(1, stop)
	step := s.ones(n)
	return s.op(fnSliceUpdate, a.handle, update.handle, from, n, to, n, step, n)
}

func (s *Scope) ones(n uintptr) uintptr {
	for i := range n {
		s.lib.scratch[2][i] = 1
	}
	return ptr(&s.lib.scratch[2][0])
}

// Take picks along an axis by index.
func (s *Scope) Take(a, indices Array, axis int) Array {
	return s.op(fnTakeAxis, a.handle, indices.handle, integer(axis))
}

// TakeAlong picks along the last axis, one index for each place.
func (s *Scope) TakeAlong(a, indices Array) Array { return s.TakeAlongAxis(a, indices, -1) }

// TakeAlongAxis is TakeAlong along another axis; the other axes of indices may be 1.
func (s *Scope) TakeAlongAxis(a, indices Array, axis int) Array {
	return s.op(fnTakeAlongAxis, a.handle, indices.handle, integer(axis))
}

// AddMM is c + a·b in one operation.
func (s *Scope) AddMM(c, a, b Array) Array {
	if s.err != nil {
		return Array{}
	}
	slot := s.slot()
	return s.made(fnAddMM, slot, s.lib.cold.addMM(slot, c.handle, a.handle, b.handle, 1, 1, s.lib.stream))
}

// GatherMM multiplies each row of a with the matrix of b that rhs names.
func (s *Scope) GatherMM(a, b, rhs Array, sorted bool) Array {
	return s.op(fnGatherMM, a.handle, b.handle, 0, rhs.handle, boolean(sorted))
}
