package printed

import "strings"

// noVulkanDevice is what the Vulkan backend prints when it takes none
// (ggml_vk_instance_init, ggml-vulkan.cpp of v0.5.0): it skips devices in
// software unless GGML_VK_VISIBLE_DEVICES names them.
const noVulkanDevice = "ggml_vulkan: No devices found"

// ParseUnused says why a backend that was loaded offers no device; "" where none
// was left without.
func ParseUnused(lines []Line) string {
	for _, line := range lines {
		if strings.HasPrefix(line.Text, noVulkanDevice) {
			return "the Vulkan backend found no device; it skips one in software (llvmpipe) unless GGML_VK_VISIBLE_DEVICES=0"
		}
	}
	return ""
}
