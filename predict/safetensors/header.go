package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// header is what the JSON at the head of a file says, entry by entry.
type header struct {
	name     string
	dec      *json.Decoder
	metadata map[string]string
	entries  []entry
}

// entry is a tensor and where in the file it is described.
type entry struct {
	Tensor
	at int64
}

func (h *header) fail(at int64, field, format string, args ...any) error {
	return &Error{File: h.name, Offset: at, Field: field, Err: fmt.Errorf(format, args...)}
}

// at is the current offset in the file: the header begins after its length.
func (h *header) at() int64 { return 8 + h.dec.InputOffset() }

// parse reads the object, and nothing but space behind it.
func (h *header) parse(r io.Reader) error {
	h.dec = json.NewDecoder(r)
	err := object(h.dec, func(name string) error {
		at := h.at()
		if name == "__metadata__" {
			return h.within(at, name, h.dec.Decode(&h.metadata))
		}
		e, err := h.tensor(name)
		if err != nil {
			return h.within(at, fmt.Sprintf("tensor %q", name), err)
		}
		h.entries = append(h.entries, entry{Tensor: e, at: at})
		return nil
	})
	if err == nil {
		if _, err = h.dec.Token(); err == nil || !errors.Is(err, io.EOF) {
			return h.fail(h.at(), "header", "something follows the JSON object")
		}
		err = nil
	}
	return h.within(h.at(), "header", err)
}

// within places an error that has no place yet.
func (h *header) within(at int64, field string, err error) error {
	var placed *Error
	if err == nil || errors.As(err, &placed) {
		return err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &Error{File: h.name, Offset: at, Field: field, Err: err}
}

// tensor reads the description of one tensor and checks it by itself.
func (h *header) tensor(name string) (Tensor, error) {
	t := Tensor{Name: name}
	var offsets []int64
	fields := map[string]any{"dtype": &t.DType, "shape": &t.Shape, "data_offsets": &offsets}
	err := object(h.dec, func(key string) error {
		into, ok := fields[key]
		if !ok {
			into = new(json.RawMessage)
		}
		delete(fields, key)
		if err := h.dec.Decode(into); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return t, err
	}
	if t.DType == "" || t.Shape == nil || offsets == nil {
		return t, errors.New("lacks one of dtype, shape and data_offsets")
	}
	if t.Bytes, err = t.DType.bytes(t.Shape); err != nil {
		return t, err
	}
	if len(offsets) != 2 || offsets[0] < 0 || offsets[1] < offsets[0] {
		return t, fmt.Errorf("the data_offsets %v are no begin and end", offsets)
	}
	if offsets[1]-offsets[0] != t.Bytes {
		return t, fmt.Errorf("the data_offsets %v hold %d bytes, and %s of %v takes %d", offsets, offsets[1]-offsets[0], t.DType,
			t.Shape, t.Bytes)
	}
	t.Offset = offsets[0]
	return t, nil
}

// object reads a JSON object member by member, each key once. encoding/json
// alone would let a later duplicate replace an earlier one unseen.
func object(dec *json.Decoder, member func(key string) error) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return fmt.Errorf("want a JSON object, have %.60q", fmt.Sprint(token))
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		key := token.(string) // the decoder accepts nothing else here
		if seen[key] {
			return fmt.Errorf("the name %q occurs twice", key)
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}
