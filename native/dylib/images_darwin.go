package dylib

import (
	"unsafe"

	"github.com/ebitengine/purego"
)

// Images lists the files of all libraries that this process has loaded
// (mach-o/dyld.h); nil where the loader does not tell.
func Images() []string {
	count, err := purego.Dlsym(purego.RTLD_DEFAULT, "_dyld_image_count")
	if err != nil {
		return nil
	}
	name, err := purego.Dlsym(purego.RTLD_DEFAULT, "_dyld_get_image_name")
	if err != nil {
		return nil
	}
	var imageCount func() uint32
	var imageName func(uint32) *byte
	purego.RegisterFunc(&imageCount, count)
	purego.RegisterFunc(&imageName, name)
	var paths []string
	for i := range imageCount() {
		if text := imageName(i); text != nil {
			paths = append(paths, copyText(text))
		}
	}
	return paths
}

// copyText copies a C string.
func copyText(p *byte) string {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
