package line

import (
	"os"

	"golang.org/x/sys/unix"
)

// ClaimStdout takes standard output for the protocol and points descriptor 1 at
// standard error, so that whatever a library prints cannot garble a message.
func ClaimStdout() (*os.File, error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "messages"), redirect(2, 1)
}
