# Says what the output of 'go test -v ./...' leaves open: which runtimes were
# exercised (tests log "exercised: NAME VERSION"), and which tests were skipped
# and why.
/_test\.go:[0-9]+: exercised: / {
	sub(/.*exercised: /, "")
	exercised[$0] = 1
	next
}
/_test\.go:[0-9]+: / {
	reason = $0
	sub(/^ *[^ ]*_test\.go:[0-9]+: /, "", reason)
}
/^ *--- PASS: / { passed++ }
/^ *--- FAIL: / { failed++ }
/^ *--- SKIP: / {
	skipped++
	names[reason] = names[reason] " " $3
}
END {
	print "\n== summary"
	for (reason in names) printf "skipped:%s\n    %s\n", names[reason], reason
	for (runtime in exercised) print "exercised: " runtime
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
}
