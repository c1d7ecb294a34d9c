package graph

import (
	"fmt"
	"slices"

	"assay/predict/arch"
	"assay/predict/kv"
)

// Alignments of buffers: the device's minStorageBufferOffsetAlignment and, for pinned
// memory of the host, its minMemoryMapAlignment, as llvmpipe has them. Other devices'
// differ by some bytes a tensor.
const (
	deviceAlignment = 16
	pinnedAlignment = 64
)

// largestChunk is what one buffer of a device has at most
// (suballocation_block_size); beyond it several are made, by rules of their own.
const largestChunk = 1 << 30

// VulkanBytes are the compute buffers of the device and of the host for a model of which
// one device holds what is said.
func VulkanBytes(f arch.Facts, p kv.Params, lies Lies) (device, host int64, err error) {
	r, err := newReserve(f, p)
	if err == nil {
		err = r.unknownOnVulkan(lies)
	}
	if err == nil {
		_, err = r.most(func(b *builder) int64 {
			s := &scheduler{Lies: lies, tokens: b.tokens, at: map[*tensor]side{}, copied: map[*tensor]*tensor{}, bytes: map[*tensor]int64{}}
			g := b.graph()
			onIt, onHost := s.reserve(s.scheduled(g))
			device, host = max(device, onIt), max(host, onHost)
			return 0
		})
	}
	if err == nil && max(device, host) > largestChunk {
		err = fmt.Errorf("of more than one buffer (over 1 GiB): how they are filled is not known: %w", ErrUnknown)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("compute buffers of %s on Vulkan: %w", f.Name, err)
	}
	return device, host, nil
}

// unknownOnVulkan refuses the graphs of which the library plans otherwise than what is
// read in its sources says (TestDevicePlans of harness found them).
func (r *contextReserve) unknownOnVulkan(lies Lies) error {
	unknown := func(what string) error {
		return fmt.Errorf("how %s of %s run there: %w", what, r.facts.Family, ErrUnknown)
	}
	if r.facts.Family == "gemma3n" && !lies.Whole && lies.KeepsProducts {
		return unknown("layers on two devices without op offload")
	}
	for _, l := range r.facts.Layers {
		if s := l.Recurrent; s != nil && (s.Kind != "shortconv" || !lies.Whole) {
			return unknown("layers of kind " + s.Kind)
		} else if s != nil && !slices.Contains([]string{"", "f16"}, r.params.TypeK) {
			return unknown("recurrent layers beside a cache of " + r.params.TypeK)
		}
		a := l.Attention
		if a == nil {
			continue
		}
		if a.MLA != nil && r.params.NSeq > 1 && !r.params.KVUnified {
			return unknown("sequences with latent caches of their own")
		}
		if (lies.CacheOnHost || lies.PlainOnHost) && !r.params.FlashAttn {
			return unknown("products of attention on the host")
		}
	}
	return nil
}

// reserve is what the device's and the host's buffer need.
func (s *scheduler) reserve(g *dag) (device, host int64) {
	buffers := map[side]*allocator{onDevice: newAllocator(deviceAlignment), onHost: newAllocator(pinnedAlignment)}
	plan(g, s.bytesOf, func(t *tensor) *allocator { return buffers[s.at[t]] })
	return buffers[onDevice].most, buffers[onHost].most
}
