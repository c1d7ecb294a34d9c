package main

import (
	"context"
	"flag"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/libs"
	"assay/native/llama"
	"assay/native/mlx"
)

func libsCommand() command {
	return command{
		name: "libs",
		args: "install",
		does: "gets the runtime libraries with the platform's package manager",
		help: `On macOS Homebrew installs llama.cpp, and mlx-c with --mlx. On Linux npm's
client fetches a pinned release of llama.cpp, which is checked against its hash
and unpacked into assay's cache; nothing is installed system-wide. What is there
already is not fetched again.

examples:
  assay libs install                     the release that assay is made for
  assay libs install --release all       every release that assay is tested with
  assay libs install --device vulkan     a release with a GPU backend (Linux, x64);
                                         ASSAY_LLAMA_LIB=PATH takes it, with
                                         GGML_VK_VISIBLE_DEVICES=0 also on a
                                         device in software (mesa-vulkan-drivers)`,
		setup: func(fs *flag.FlagSet) action {
			var f libsFlags
			fs.StringVar(&f.releases, "release", libs.Pinned().Version, "releases of llama.cpp, comma-separated, or all (Linux)")
			fs.StringVar(&f.platform, "platform", "", "for another platform, to look into and not to run: "+strings.Join(libs.Platforms(), ", "))
			fs.StringVar(&f.device, "device", "", "with the backend of a device beside the CPU's: "+strings.Join(libs.Devices(), ", "))
			fs.BoolVar(&f.mlx, "mlx", false, "mlx-c too (macOS)")
			fs.BoolVar(&f.json, "json", false, "print JSON")
			return f.install
		},
	}
}

type libsFlags struct {
	releases, platform, device string
	mlx, json                  bool
}

func (f *libsFlags) install(ctx context.Context, s streams, args []string) error {
	if len(args) != 1 || args[0] != "install" {
		return usagef("want 'assay libs install', have %q", strings.Join(args, " "))
	}
	if f.platform != "" && !slices.Contains(libs.Platforms(), f.platform) {
		return usagef("--platform %q is none of %s", f.platform, strings.Join(libs.Platforms(), ", "))
	}
	if f.device != "" && !slices.Contains(libs.Devices(), f.device) {
		return usagef("--device %q is none of %s", f.device, strings.Join(libs.Devices(), ", "))
	}
	if f.device != "" && f.platform != "" {
		return usagef("--device and --platform each name a package; give one of them")
	}
	releases, err := libs.Select(f.releases)
	if err != nil {
		return usageError{err}
	}
	in, err := libs.New(s.err)
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
	if f.mlx {
		one, err := in.MLX(ctx, mlx.Spec())
		if err != nil {
			return err
		}
		got = append(got, one)
	}
	return f.print(s, got)
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

func (f *libsFlags) print(s streams, got []libs.Installed) error {
	if f.json {
		return printJSON(s.out, got)
	}
	t := newTable(s.out, table.Row{"library", "version", "state", "path"})
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
