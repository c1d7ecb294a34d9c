#include "textflag.h"

// C calls this with the address of the result in R0 and the function in R1; the
// function wants the address in R8 and returns to C itself.
TEXT callIndirect<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD R0, R8
	JMP  (R1)

GLOBL ·indirectResult(SB), NOPTR|RODATA, $8
DATA ·indirectResult(SB)/8, $callIndirect<>(SB)
