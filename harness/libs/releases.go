package libs

import (
	"fmt"
	"slices"
	"strings"
)

// Release is a published build of llama.cpp, as node-llama-cpp's npm packages
// hold it: @node-llama-cpp/PLATFORM at one version each.
type Release struct {
	// Version is llama.cpp's own name of the release.
	Version string
	// Package is the version of the npm packages that hold it.
	Package string
	// Integrity is, by platform, the hash of the package that npm reports as
	// dist.integrity; a platform without one has no package at that version.
	Integrity map[string]string
}

// The platforms of the packages. The macOS one does not run here or there: it
// has the symbol tables of a real Metal build, to check the binding against.
const (
	LinuxX64       = "linux-x64"
	LinuxArm64     = "linux-arm64"
	LinuxX64Vulkan = "linux-x64-vulkan"
	MacArm64       = "mac-arm64-metal"
)

// Vulkan is the device whose backend a package of its own adds to the CPU's.
const Vulkan = "vulkan"

// Devices lists the devices that there are packages for, beside the CPU.
func Devices() []string { return []string{Vulkan} }

// releases are the builds that assay is tested with, oldest first; the last is
// the one that is installed by default. The hashes are what
// `npm view @node-llama-cpp/PLATFORM@PACKAGE dist.integrity` prints.
var releases = []Release{
	{"b6673", "3.14.0", map[string]string{
		LinuxX64:       "sha512-flqBnK0PQcdrQQA/+eNl+nCJyXWpqItdkiPdiE9MxpF6PVoU07lBupkf/s3vXZpLC2ZU+8y/5me36tB4JGH23A==",
		LinuxArm64:     "sha512-Ayn+boDjmfu+6arJn0kh9tlFFhA6hB4YVflrxF9O9rqc7htRd+JsF3rzSd6FLDiPBP62mKtg6R4xDqbC7Ut9vg==",
		LinuxX64Vulkan: "sha512-0Gp1VAbeWIFc7Hkbvs5yuWw5i1A3Yo+7Q6uWXDzNUg50m0PrrF8evQWL2arp/lZINkDxI0JfpEoc+jFvdj3a8g==",
	}},
	{"b6845", "3.14.2", map[string]string{
		LinuxX64:   "sha512-gjDw2WVoSHmqq+QS4uyp0WNOyGklFndhqnxyXNtIwQj+4Zpp4+2+DI6pubGuNcbmU57pICCwu39em5rpjGPm5g==",
		LinuxArm64: "sha512-91DsZahNMvV+ZgU8KsUYQEUUAvZ1bMxxAhWiUN5hPFILyO9HJoX81KYLALGq1QIH25fWucR+brHXV2Ki2qfryQ==",
	}},
	{"b7347", "3.14.5", map[string]string{
		LinuxX64:   "sha512-f6xCqlSqSxMP9Iwm3CpaTzFybbHrzpLkNzA18v21PwhMN8u4DP44euLoxe+BMbOpyzx4iMxU1AUsPsgcHD1Y4w==",
		LinuxArm64: "sha512-58IcWW7EOqc/66mYWXRsoMCy1MR3pTX/YaC0HYF9Rg5XeAPKhUP7NHrglbqgjO62CkcuFZaSEiX2AtG972GQYQ==",
	}},
	{"b7698", "3.15.0", map[string]string{
		LinuxX64:   "sha512-etUuTqSyNefRObqc5+JZviNTkuef2XEtHcQLaamEIWwjI1dj7nTD2YMZPBP7H3M3E55HSIY82vqCQ1bp6ZILiA==",
		LinuxArm64: "sha512-IaHIllWlj6tGjhhCtyp1w6xA7AHaGJiVaXAZ+78hDs8X1SL9ySBN2Qceju8AQJALePtynbAfjgjTqjQ7Hyk+IQ==",
		MacArm64:   "sha512-3Vkq6bpyQZaIzoaLLP7H2Tt8ty5BS0zxUY2pX0ox2S9P4fp8Au0CCJuUJF4V+EKi+/PTn70A6R1QCkRMfMQJig==",
	}},
	{"b7836", "3.15.1", map[string]string{
		LinuxX64:   "sha512-w4SdxJaA9eJLVYWX+Jv48hTP4oO79BJQIFURMi7hXIFXbxyyOov/r6sVaQ1WiL83nVza37U5Qg4L9Gb/KRdNWQ==",
		LinuxArm64: "sha512-g7JC/WwDyyBSmkIjSvRF2XLW+YA0z2ZVBSAKSv106mIPO4CzC078woTuTaPsykWgIaKcQRyXuW5v5XQMcT1OOA==",
		MacArm64:   "sha512-ePTweqohcy6Gjs1agXWy4FxAw5W4Avr7NeqqiFWJ5ngZ1U3ZXdruUHB8L/vDxyn3FzKvstrFyN7UScbi0pzXrA==",
	}},
	{"b8121", "3.16.2", map[string]string{
		LinuxX64:       "sha512-OXYf8rVfoDyvN+YrfKk8F9An9a5GOxVIM8OcR1U911tc0oRNf8yfJrQ8KrM75R26gwq0Y6YZwVTP0vRCInwWOw==",
		LinuxArm64:     "sha512-CxzgPsS84wL3W5sZRgxP3c9iJKEW+USrak1SmX6EAJxW/v9QGzehvT6W/aR1FyfidiIyQtOp3ga0Gg/9xfJPGw==",
		LinuxX64Vulkan: "sha512-HDLAw4ZhwJuhKuF6n4x520yZXAQZahUOXtCGvPubjfpmIOElKrfDvCVlRsthAP0JwcwINzIQlVys3boMIXfBgw==",
		MacArm64:       "sha512-nEZ74qB0lUohF88yR741YUrUqz/qD+FJFzUTHj0FwxAynSZCjvwtzEDtavRlh3qd3yLD/0ChNn00/RQ54ISImw==",
	}},
	{"b8179", "3.17.1", map[string]string{
		LinuxX64:   "sha512-/o/UoqAdslg4ExdKYyYPqbw+21Dr4cQ2JgouXg8Ji3opRKoTMrlUNfrMwIsYZfbDDJ8l7xFnwfGIwdlQ5RPwJg==",
		LinuxArm64: "sha512-QK8opgd/AnGHvSQwIDXukrMNa760PLOxcu4OrxJn/CsHxiKucch0L4bDfu17XvlKiMoK41lXa6CKFm1kjVaGIQ==",
	}},
	{"b8390", "3.18.1", map[string]string{
		LinuxX64:       "sha512-tRmWcsyvAcqJHQHXHsaOkx6muGbcirA9nRdNgH6n7bjGUw4VuoBD3dChyNF3/Ktt7ohB9kz+XhhyZjbDHpXyMA==",
		LinuxArm64:     "sha512-rXMgZxUay78FOJV/fJ67apYP9eElH5jd4df5YRKPlLhLHHchuOSyDn+qtyW/L/EnPzpogoLkmULqCkdXU39XsQ==",
		LinuxX64Vulkan: "sha512-SIaNTK5pUPhwJD0gmiQfHa8OrRctVMmnqu+slJrz2Mzgg/XrwFndJlS9hvc+jSjTXCouwf7sYeQaaJWvQgBh/A==",
		MacArm64:       "sha512-cyZTdsUMlvuRlGmkkoBbN3v/DT6NuruEqoQYd9CqIrPyLa1xLNBTSKIZ9SgRnw23iCOj4URfITvRP+2pu63LuQ==",
	}},
	{"b9842", "3.19.0", map[string]string{
		LinuxX64:   "sha512-cFnXjyRmFJ+lVq0QQFqflGDdF5UnMPzHLIQ4i2Xg5526QpWOw3IC0APiZluKvyqXCtU+g44ZH4YPQNUKqsZG6A==",
		LinuxArm64: "sha512-wWI2XhsOYWfxCV6A8LdDWF8m/UrM6OeE0pYing4j4YshcZIRhlBKhJK7/Dm5UvSzMyfsd/L1OpPrR0rDiVemZw==",
	}},
	{"b10068", "3.19.1", map[string]string{
		LinuxX64:   "sha512-ntnV8GLeuuGwp5eS5aCxmF0oo4OjjDo6LTWJGJhuieLF6SwMlfbqxCYh3yo1lcepeNf2uCHnXMydyCVnqLWJcQ==",
		LinuxArm64: "sha512-lDfmsN2ChkfM9vcglYoJ8jiaQACTF/bMgdO/owkzhNLdFkIFI6eAqSFaBsCsYq53BspN/JTssle7QOOI+nDx3A==",
		MacArm64:   "sha512-M4ignq2Hhru35/zPrTAxUsuHOK96Hk7xeY1Oj9+Gty6XQ4dEmVUPwEYpB9ra3D0vTxQaMgFt4pj8L+gTR5u9fg==",
	}},
	{"b10361", "3.20.0", map[string]string{
		LinuxX64:       "sha512-zCSTd5m4MDrLWzgUvOvuGGzHm9DiEONZt+srgHYhV4Ppu/T5TL3kENj7lHY1cmQccKNgepABiyb9KcigjZbvSQ==",
		LinuxArm64:     "sha512-WFAffebfOLqBaZMfNsORns1G5vLMRVthxw/moDzON7TGYH6PTQN97h5YkLfRoSmZne/rtpHXH2LdYg0vFNAgnQ==",
		LinuxX64Vulkan: "sha512-xTzv4cuTpsmmQgqvWWZvcvURHfPgUQdQzVXvYN1bwAEYq2DRVckEKrHPJ48824sFmdIRRJqDerniqEXiZlDPzA==",
		MacArm64:       "sha512-QeFyyTZWicxKGzyoYwR1VtBGM8R1/oHjai9DC6KSg3T8WYpZd3mqATy24GPPVxgg20yEXUCbNl4xyKXZsLD0dQ==",
	}},
	{"v0.4.0", "3.21.1", map[string]string{
		LinuxX64:       "sha512-Totj6RTDMGo3FoK2yNUaz/oGmZD0olAqTrRluFUWmu0kW2i9TOzHSW0OWCAiGkzRCVX0WsU2CyUQo/W2NYtdPA==",
		LinuxArm64:     "sha512-eI3anSEGzJiwF2rpMpZVTdHzw47LztbvfvuRzlu/fPO18ROnBOd+75RPUBlV6qENPpmNtbov85+3VODwEwBurg==",
		LinuxX64Vulkan: "sha512-flEeSzONQ6OIm5bYKLQf4eEnBzcC5WugFbyPUwkCqyyOFZ8pH0H9ulQ7ZNDLSIczeKneMRJornlyY1Hq7d3GDA==",
		MacArm64:       "sha512-6MIDAZV7DXD9R1+jEXWJkFuolni3GATGE6mmuyFYc6ZmtOh9djAy15df0T0AXK3sCmVKL+fQcOAWZezxx4MvQQ==",
	}},
	{"v0.5.0", "3.22.1", map[string]string{
		LinuxX64:       "sha512-5uCCDNqWCNfaAm8aR/Uzxbo4HBpKgNF91kCHPepKhgMgV2OAmatoefbOlMihsqCiH2Od35E/eUHQCFbfRBJuOg==",
		LinuxArm64:     "sha512-W+7naKCXX9/eEjjFmRS8vvx91QyLXDbeFxexZc3bh/PtQABZgmRL3C0AtYYXn4YGTj/3Qor4lWZn2tpjZFPLdQ==",
		LinuxX64Vulkan: "sha512-bBxqU+JOcBu1nb5Qj2zcMci+JByT1E8EajHvYodyNfVIPkEhXh+/HMwR1/BT7xP08YK0hks+kM8fglER0P8JEg==",
	}},
}

// Pinned is the release that is installed by default.
func Pinned() Release { return releases[len(releases)-1] }

// Platforms lists the platforms that packages exist for.
func Platforms() []string { return []string{LinuxX64, LinuxX64Vulkan, LinuxArm64, MacArm64} }

// Select returns the releases of a comma-separated list, oldest first; "all"
// stands for every one. A release goes by llama.cpp's name or by the npm
// package's version.
func Select(list string) ([]Release, error) {
	if list == "all" {
		return slices.Clone(releases), nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		wanted[name] = true
	}
	var found []Release
	var names []string
	for _, r := range releases {
		if wanted[r.Version] || wanted[r.Package] {
			found = append(found, r)
		}
		delete(wanted, r.Version)
		delete(wanted, r.Package)
		names = append(names, r.Version)
	}
	for name := range wanted {
		return nil, fmt.Errorf("no llama.cpp release %q to install; there are %s", name, strings.Join(names, ", "))
	}
	return found, nil
}

// Between returns the releases from good to bad, both among them, oldest first.
func Between(good, bad string) ([]Release, error) {
	at := make([]int, 2)
	for i, name := range []string{good, bad} {
		one, err := Select(name)
		if err != nil {
			return nil, err
		}
		if len(one) != 1 {
			return nil, fmt.Errorf("%q is not one release", name)
		}
		at[i] = slices.IndexFunc(releases, func(r Release) bool { return r.Version == one[0].Version })
	}
	if at[0] >= at[1] {
		return nil, fmt.Errorf("%s is not older than %s; the good release comes first", good, bad)
	}
	return slices.Clone(releases[at[0] : at[1]+1]), nil
}
