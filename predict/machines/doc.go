// Package machines holds what Macs with Apple silicon are: chips with their GPU
// cores and bandwidth, the Macs that were sold with them and with how much
// memory, and what macOS lets a GPU have of it. It finds what people mean by
// "M4 Max 36GB" or "Mac mini M4".
//
// All of it is data with its sources. The package reads nothing of the machine
// that it runs on, and says nothing of speed.
package machines
