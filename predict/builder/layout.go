package builder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// lineWidth is how long a line of a config may get before its value is broken up.
const lineWidth = 100

// layOut indents JSON, but leaves what fits in one line there: a tensor or a
// layer is one.
func layOut(compact []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := layOutValue(&b, bytes.TrimSpace(compact), 0); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func layOutValue(b *bytes.Buffer, raw json.RawMessage, depth int) error {
	if len(raw) <= lineWidth || raw[0] != '{' && raw[0] != '[' {
		b.Write(raw)
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	open, err := dec.Token()
	if err != nil {
		return err
	}
	fmt.Fprint(b, open)
	indent := "\n" + strings.Repeat("  ", depth+1)
	for n := 0; dec.More(); n++ {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(indent)
		if raw[0] == '{' {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			fmt.Fprintf(b, "%q: ", key)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if err := layOutValue(b, value, depth+1); err != nil {
			return err
		}
	}
	fmt.Fprintf(b, "%s%c", indent[:len(indent)-2], raw[len(raw)-1])
	return nil
}
