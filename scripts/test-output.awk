# Shows what 'go test' without -v would show of the output of 'go test -v ./...':
# a line for a package that passed, everything for one that failed.
/^(ok|\?) *\t/ { print; fflush(); kept = ""; next }
/^\tassay\/.*coverage: / { kept = ""; next }
/^FAIL\t/ { printf "%s%s\n", kept, $0; fflush(); kept = ""; next }
{ kept = kept $0 "\n" }
END { printf "%s", kept }
