package mlx

import (
	"path/filepath"
	"strings"

	"github.com/ebitengine/purego"

	"assay/native/dylib"
)

// blasOf answers which BLAS serves libmlx on the CPU: what OpenBLAS says of
// itself, else the name of the file that holds cblas_sgemm. The symbol is looked
// for where libmlx finds it: in what is visible to all, in the library, in what it
// links to.
func blasOf(opened *dylib.Library) string {
	product, ok := opened.VisibleSymbol("cblas_sgemm")
	if !ok {
		return ""
	}
	file := dylib.File(product)
	// A libmlxc that has the function itself passes it on to what it links to, a
	// package whose symbols have the prefix.
	for symbol, mine := range map[string]bool{"openblas_get_config": false, "scipy_openblas_get_config": true} {
		addr, ok := opened.Symbol(symbol)
		if ok && (mine && file == dylib.File(addrOf(opened, "mlx_version")) || file == dylib.File(addr)) {
			var config func() string
			purego.RegisterFunc(&config, addr)
			return strings.TrimSpace(config())
		}
	}
	return filepath.Base(file)
}

// addrOf is a symbol's address, 0 where there is none.
func addrOf(opened *dylib.Library, symbol string) uintptr {
	addr, _ := opened.Symbol(symbol)
	return addr
}
