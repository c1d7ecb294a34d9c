// Package backend says what llama.cpp's backends can run on their devices, and what
// falls back to the processor: a table each, with its source and release. It runs
// nothing, and knows neither models' names nor records.
package backend

import (
	"fmt"
	"slices"
	"strings"
)

// Backend is what one backend can run of attention and of weights.
type Backend struct {
	// Name is the backend's, Prefix what its devices are called with a number
	// behind it.
	Name, Prefix string
	// Source is the file, the release and how it was learnt.
	Source string
	// FlashHeads are the heads of keys that flash attention has; nil is any.
	FlashHeads []int64
	// FlashTypes are the cache types that it reads, of which FlashOneType wants the
	// same for keys and values.
	FlashTypes   []string
	FlashOneType bool
	// PlainKeys are the types of keys that attention without flash multiplies on
	// the device; values are then never quantised.
	PlainKeys []string
	// HostWeights are the types of weights whose products are left to the
	// processor, whose memory then holds them.
	HostWeights []string
	// Largest is the most bytes of one tensor that a device takes, by the beginning of
	// the device's description; others are not known to be short of it.
	Largest map[string]int64
}

// quantised are the cache types that are in blocks.
var quantised = []string{"q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "iq4_nl"}

var backends = []Backend{
	{
		Name: "Metal", Prefix: "MTL",
		Source:     "ggml_metal_device_supports_op of ggml-metal-device.m, llama.cpp 0.5.0-dev and b11434: read, not run",
		FlashHeads: []int64{32, 40, 48, 64, 72, 80, 96, 112, 128, 192, 256, 320, 512, 576},
		FlashTypes: []string{"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1"}, FlashOneType: true,
		PlainKeys:   []string{"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "iq4_nl"},
		HostWeights: []string{"nvfp4", "tq1_0"},
	},
	{
		Name: "Vulkan", Prefix: "Vulkan",
		Source:     "llama.cpp v0.5.0 on a device in software (llvmpipe): run, for heads of 64",
		FlashTypes: []string{"f16", "q8_0", "q4_0", "iq4_nl"},
		PlainKeys:  []string{"f32", "f16"},
		Largest:    map[string]int64{"llvmpipe": 128 << 20}, // maxStorageBufferRange of lavapipe, Mesa
	},
}

// All are the backends that there are tables for.
func All() []Backend { return slices.Clone(backends) }

// Of returns the backend that a device belongs to, by its name ("MTL0").
func Of(device string) (Backend, bool) {
	for _, b := range backends {
		rest, ok := strings.CutPrefix(device, b.Prefix)
		if ok && strings.Trim(rest, "0123456789") == "" {
			return b, true
		}
	}
	return Backend{}, false
}

// Question is a layer's attention: the head sizes of keys and values, their cache
// types, and flash attention as it was asked for, "on", "off" or "auto".
type Question struct {
	KeyHead, ValueHead int64
	TypeK, TypeV       string
	Flash              string
}

// Answer is what comes of it for a layer on the device.
type Answer struct {
	// Flash says that flash attention is on.
	Flash bool
	// OnCPU says that the layer's attention runs on the processor, its keys and
	// values being copied there in every step.
	OnCPU bool
	// Because says what was not asked for, in one sentence; "" where nothing is.
	Because string
}

// Attention says what a layer's attention comes to. Where values are quantised,
// auto becomes on before anything is probed; else a kernel that lacks turns it off
// for the whole context (llama_init_from_model and resolve_fused_ops of
// src/llama-context.cpp, v0.5.0 and b11434).
func (b Backend) Attention(q Question) Answer {
	lacks := b.lacking(q)
	forced := q.Flash == "on" || q.Flash == "auto" && slices.Contains(quantised, q.TypeV)
	switch {
	case q.Flash == "off" || lacks != "" && !forced:
		a := Answer{OnCPU: !slices.Contains(b.PlainKeys, q.TypeK)}
		if q.Flash != "off" {
			a.Because = fmt.Sprintf("%s turns flash attention off on %s", lacks, b.Name)
		}
		if a.OnCPU {
			plain := fmt.Sprintf("K %s without flash attention puts attention on the CPU in every layer on %s", q.TypeK, b.Name)
			a.Because = strings.TrimPrefix(a.Because+", and "+plain, ", and ")
		}
		return a
	case lacks != "":
		return Answer{Flash: true, OnCPU: true,
			Because: fmt.Sprintf("%s puts attention on the CPU in every layer on %s", lacks, b.Name)}
	}
	return Answer{Flash: true}
}

// lacking names what flash attention has no kernel for; "" where it has one.
func (b Backend) lacking(q Question) string {
	switch {
	case b.FlashOneType && q.TypeK != q.TypeV:
		return fmt.Sprintf("K %s with V %s", q.TypeK, q.TypeV)
	case !slices.Contains(b.FlashTypes, q.TypeK):
		return "K " + q.TypeK
	case !slices.Contains(b.FlashTypes, q.TypeV):
		return "V " + q.TypeV
	case b.FlashHeads != nil && !slices.Contains(b.FlashHeads, q.KeyHead):
		return fmt.Sprintf("a head of %d", q.KeyHead)
	case b.FlashHeads != nil && q.ValueHead > q.KeyHead:
		return fmt.Sprintf("a head of %d with values of %d", q.KeyHead, q.ValueHead)
	}
	return ""
}

// HoldsWeights says whether products with weights of the type run on the device.
func (b Backend) HoldsWeights(typ string) bool { return !slices.Contains(b.HostWeights, typ) }

// LargestOn is the most bytes of one tensor that the device takes; 0 is any.
func (b Backend) LargestOn(description string) int64 {
	for begins, bytes := range b.Largest {
		if strings.HasPrefix(description, begins) {
			return bytes
		}
	}
	return 0
}
