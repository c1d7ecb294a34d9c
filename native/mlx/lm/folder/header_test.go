package folder

import "testing"

// FuzzParseHeader: a header that is accepted describes tensors that lie in the
// data, apart from each other.
func FuzzParseHeader(f *testing.F) {
	f.Add([]byte(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"format":"mlx"}}`), int64(8))
	f.Add([]byte(`{"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]},"b":{"dtype":"U32","shape":[0,7],"data_offsets":[2,2]}}`), int64(2))
	f.Add([]byte(`{"a":{"dtype":"F32","shape":[2147483647,2147483647,4],"data_offsets":[0,0]}}`), int64(0))
	f.Add([]byte(`{"a":null}`), int64(4))
	f.Fuzz(func(t *testing.T, text []byte, data int64) {
		tensors, err := parseHeader(text, data)
		if err != nil {
			return
		}
		var sum int64
		for name, tensor := range tensors {
			size := dtypeBytes[tensor.DType]
			for _, dim := range tensor.Shape {
				size *= dim
			}
			if size != tensor.Offsets[1]-tensor.Offsets[0] || int64(tensor.Offsets[1]) > data {
				t.Errorf("%s: %v in %d bytes", name, tensor, data)
			}
			sum += int64(size)
		}
		if sum > max(data, 0) {
			t.Errorf("%d bytes of tensors in %d of data", sum, data)
		}
	})
}
