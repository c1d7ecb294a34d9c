# Says what the output of 'go test -v ./...' leaves open: which tests were
# skipped and why, and which runtimes were exercised (tests log "exercised:
# NAME VERSION").
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
	for (reason in names) {
		print "skipped, because: " reason
		wrap(names[reason])
	}
	for (runtime in exercised) print "exercised: " runtime
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
}

# wrap prints words indented, in lines of 80 columns.
function wrap(words,    i, n, list, line) {
	n = split(words, list, " ")
	line = "   "
	for (i = 1; i <= n; i++) {
		if (length(line) + length(list[i]) > 78) {
			print line
			line = "   "
		}
		line = line " " list[i]
	}
	print line
}
