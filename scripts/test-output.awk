# Shows what 'go test' without -v would show of the output of 'go test -v ./...':
# a line for a package that passed, everything for one that failed.
/^(ok|\?) *\t/ { print; fflush(); n = 0; next }
/^\tassay\/.*coverage: / { n = 0; next }
/^FAIL\t/ { show(); print; fflush(); next }
{ kept[n++] = $0 }
END { show() }

function show(  i) {
	for (i = 0; i < n; i++)
		print kept[i]
	n = 0
}
