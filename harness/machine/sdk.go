package machine

import (
	"assay/native/host"
)

// SDK is the SDK that the running program names; "" where it is none for macOS.
func SDK() string {
	build, err := host.ThisBuild()
	if err != nil {
		return ""
	}
	return build.SDK.String()
}
