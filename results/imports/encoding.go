package imports

import (
	"bytes"
	"fmt"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// utf8Text returns the text in UTF-8 and without a byte order mark. PowerShell
// redirects into UTF-16 with a mark; without one the zero bytes beside ASCII
// tell it.
func utf8Text(text []byte) ([]byte, error) {
	from := unicode.BOMOverride(unicode.UTF8.NewDecoder())
	if order, ok := unmarkedUTF16(text); ok {
		from = unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder()
	}
	plain, _, err := transform.Bytes(from, text)
	if err != nil {
		return nil, fmt.Errorf("its characters are neither UTF-8 nor UTF-16: %w", err)
	}
	return plain, nil
}

// unmarkedUTF16 says whether a text without a mark is UTF-16, and in which
// order: every format read here begins with characters of ASCII.
func unmarkedUTF16(text []byte) (unicode.Endianness, bool) {
	head := text[:min(len(text), 16)&^1]
	if len(head) < 4 || bytes.HasPrefix(head, []byte{0xFF, 0xFE}) || bytes.HasPrefix(head, []byte{0xFE, 0xFF}) {
		return unicode.LittleEndian, false
	}
	even, odd := true, true // all bytes at such a place are zero
	for i, b := range head {
		if b != 0 && i%2 == 0 {
			even = false
		}
		if b != 0 && i%2 == 1 {
			odd = false
		}
	}
	if even != odd && even {
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, even != odd
}
