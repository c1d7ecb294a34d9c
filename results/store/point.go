package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"time"

	"assay/results"
)

// The figures that a packed point has besides its time.
const (
	hasSamples = 1 << iota
	hasRounds
	hasKVBytes
	hasFLOPs
	hasPredicted
	hasSum
)

// packPoint returns the figures of a record in about 50 bytes:
//
//	flags, time, [n, n samples, [n rounds]], [KV bytes], [FLOPs], [predicted], [sum]
//
// all as variable-length integers; a sample or round is the difference from
// the one before, predicted the bits of a float64, and sum the four bytes of a
// CRC-32 of all before.
func packPoint(rec results.Record) []byte {
	m := rec.Measured
	var flags uint64
	for _, f := range []struct {
		bit uint64
		has bool
	}{
		{hasSamples, len(m.SamplesNS) > 0},
		{hasRounds, len(m.Rounds) > 0},
		{hasKVBytes, m.KVBytes != nil},
		{hasFLOPs, m.FLOPs != nil},
		{hasPredicted, rec.Predicted != nil && rec.Predicted.Seconds != nil},
		{hasSum, true},
	} {
		if f.has {
			flags |= f.bit
		}
	}
	b := binary.AppendUvarint(nil, flags)
	b = binary.AppendVarint(b, rec.Time.UnixNano())
	if flags&hasSamples != 0 {
		b = appendDeltas(binary.AppendUvarint(b, uint64(len(m.SamplesNS))), m.SamplesNS)
	}
	if flags&hasRounds != 0 {
		b = appendDeltas(b, m.Rounds)
	}
	if flags&hasKVBytes != 0 {
		b = binary.AppendVarint(b, *m.KVBytes)
	}
	if flags&hasFLOPs != 0 {
		b = binary.AppendVarint(b, *m.FLOPs)
	}
	if flags&hasPredicted != 0 {
		b = binary.AppendUvarint(b, math.Float64bits(rec.Predicted.Seconds.Value))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func appendDeltas[T int | int64](b []byte, values []T) []byte {
	var last T
	for _, v := range values {
		b = binary.AppendVarint(b, int64(v-last))
		last = v
	}
	return b
}

// unpackPoint returns what [packPoint] packed.
func unpackPoint(b []byte) (results.Point, error) {
	r := packed{b: b}
	var p results.Point
	flags := r.uint()
	if end := len(b) - crc32.Size; flags&hasSum != 0 && end > 0 {
		if binary.LittleEndian.Uint32(b[end:]) != crc32.ChecksumIEEE(b[:end]) {
			return p, errors.New("a stored point was changed since it was stored")
		}
		r.b = r.b[:max(0, len(r.b)-crc32.Size)]
	}
	p.Time = time.Unix(0, r.int()).UTC()
	var n uint64
	if flags&hasSamples != 0 {
		n = r.uint()
		p.SamplesNS = deltas[int64](&r, n)
	}
	if flags&hasRounds != 0 {
		p.Rounds = deltas[int](&r, n)
	}
	if flags&hasKVBytes != 0 {
		v := r.int()
		p.KVBytes = &v
	}
	if flags&hasFLOPs != 0 {
		v := r.int()
		p.FLOPs = &v
	}
	if flags&hasPredicted != 0 {
		v := math.Float64frombits(r.uint())
		p.Predicted = &v
	}
	if r.bad || len(r.b) > 0 {
		return p, errors.New("a stored point is damaged")
	}
	return p, nil
}

// packed reads variable-length integers; bad is set once one breaks off.
type packed struct {
	b   []byte
	bad bool
}

func (r *packed) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.skip(n)
	return v
}

func (r *packed) int() int64 {
	v, n := binary.Varint(r.b)
	r.skip(n)
	return v
}

func (r *packed) skip(n int) {
	if n <= 0 {
		r.bad, r.b = true, nil
		return
	}
	r.b = r.b[n:]
}

func deltas[T int | int64](r *packed, n uint64) []T {
	if n > uint64(len(r.b)) { // each takes a byte or more
		r.bad = true
		return nil
	}
	values := make([]T, n)
	var last T
	for i := range values {
		last += T(r.int())
		values[i] = last
	}
	return values
}
