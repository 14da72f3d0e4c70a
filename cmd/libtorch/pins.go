package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

const defaultVersion = "2.15.0"

// wheel pins one file that pip downloads.
type wheel struct {
	name, version string
	file          string
	platform      string // pip's --platform
	size          int64
	sha256        string
	take          []take
}

// release pins the wheels that make one libtorch for the CPU of an architecture, as Go names it.
type release struct {
	version  string
	arch     string
	unpacked int64 // bytes of what is taken from its wheels
	wheels   []wheel
}

// The newest libtorch that gotch v0.9.1 compiles against, and the one it was
// written for. The CPU library of these wheels needs CUDA's profiler and
// runtime libraries, which are small, so they come along.
var releases = []release{
	{version: "2.15.0", arch: "amd64", unpacked: 499_067_463, wheels: []wheel{
		{name: "torch", version: "2.15.0",
			file:     "torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl",
			platform: "manylinux_2_28_x86_64", size: 539_136_850,
			sha256: "48c2d861134c0b5697c7602cb5ffa68f62a2989fdcd1717e593356f67996ca1e", take: torchParts},
		{name: "nvidia-cuda-cupti", version: "13.2.86",
			file:     "nvidia_cuda_cupti-13.2.86-py3-none-manylinux_2_25_x86_64.whl",
			platform: "manylinux_2_25_x86_64", size: 11_988_600,
			sha256: "8fa29f15dd8336181f961764d9d95236fc6b931dd0c8fcf8cd70aab0c310b586", take: cuptiParts},
		{name: "nvidia-cuda-runtime", version: "13.2.86",
			file:     "nvidia_cuda_runtime-13.2.86-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
			platform: "manylinux_2_17_x86_64", size: 2_323_576,
			sha256: "3498247680dfddce31bad102af7e3e26fc795342a3cac64722bb0fa95e7f60f0", take: cudartParts},
	}},
	{version: "2.15.0", arch: "arm64", unpacked: 416_283_659, wheels: []wheel{
		{name: "torch", version: "2.15.0",
			file:     "torch-2.15.0-cp311-cp311-manylinux_2_28_aarch64.whl",
			platform: "manylinux_2_28_aarch64", size: 483_605_887,
			sha256: "58ce2ebfb3430941353109a85be63ee8e941da22f13daa2c43344eeb51c81e06", take: append(armParts, torchParts...)},
		{name: "nvidia-cuda-cupti", version: "13.2.86",
			file:     "nvidia_cuda_cupti-13.2.86-py3-none-manylinux_2_25_aarch64.whl",
			platform: "manylinux_2_25_aarch64", size: 11_760_263,
			sha256: "d9a5c133f73fcb9013f3ada0da6fb54d4117618d81f3f5a0419417ea6ee829d4", take: cuptiParts},
		{name: "nvidia-cuda-runtime", version: "13.2.86",
			file:     "nvidia_cuda_runtime-13.2.86-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
			platform: "manylinux_2_17_aarch64", size: 2_341_433,
			sha256: "37844957894bfdecf90243568d21a2cb251b66106915b71459a23c8e6ef2da69", take: cudartParts},
	}},
	{version: "2.1.0", arch: "amd64", unpacked: 502_673_403, wheels: []wheel{
		{name: "torch", version: "2.1.0",
			file:     "torch-2.1.0-cp311-cp311-manylinux1_x86_64.whl",
			platform: "manylinux1_x86_64", size: 670_193_698,
			sha256: "2224622407ca52611cbc5b628106fde22ed8e679031f5a99ce286629fc696128", take: torchParts},
		{name: "nvidia-cuda-cupti-cu12", version: "12.1.105",
			file:     "nvidia_cuda_cupti_cu12-12.1.105-py3-none-manylinux1_x86_64.whl",
			platform: "manylinux1_x86_64", size: 14_109_015,
			sha256: "e54fde3983165c624cb79254ae9818a456eb6e87a7fd4d56a2352c24ee542d7e", take: cuptiParts},
		{name: "nvidia-cuda-runtime-cu12", version: "12.1.105",
			file:     "nvidia_cuda_runtime_cu12-12.1.105-py3-none-manylinux1_x86_64.whl",
			platform: "manylinux1_x86_64", size: 823_596,
			sha256: "6e258468ddf5796e25f1dc591a31029fa317d97a0a94ed93468fc86301d61e40", take: cudartParts},
	}},
}

// take says which files of a wheel are unpacked, and where to. A from that
// ends in a slash is a whole folder; any other is a pattern of path.Match.
type take struct{ from, to string }

var (
	licences   = []take{{"*.dist-info/licenses/", "licenses/"}, {"*.dist-info/L*", "licenses/"}, {"*.dist-info/NOTICE", "licenses/"}}
	torchParts = append([]take{
		{"torch/include/", "include/"},
		{"torch/lib/libtorch_cpu.so", "lib/"},
		{"torch/lib/libc10.so", "lib/"},
		{"torch/lib/libgomp*", "lib/"},
		{"torch/version.py", ""},
	}, licences...)
	armParts    = []take{{"torch/lib/libnvpl_*", "lib/"}, {"torch/lib/libarm_compute*", "lib/"}}
	cuptiParts  = append([]take{{"nvidia/*/lib/libcupti.so.*", "lib/"}}, licences...)
	cudartParts = append([]take{{"nvidia/*/lib/libcudart.so.*", "lib/"}}, licences...)
)

// pinned are the versions for an architecture.
func pinned(arch string) []string {
	var versions []string
	for _, r := range releases {
		if r.arch == arch {
			versions = append(versions, r.version)
		}
	}
	return versions
}

func findRelease(version, arch string) (release, error) {
	for _, r := range releases {
		if r.version == version && r.arch == arch {
			return r, nil
		}
	}
	if len(pinned(arch)) == 0 {
		return release{}, fmt.Errorf("no libtorch is pinned for %s: point LIBTORCH at a folder or set LIBTORCH_USE_PYTORCH=1", arch)
	}
	return release{}, fmt.Errorf("--version %s is not pinned: choose %s, or point LIBTORCH at a folder or set LIBTORCH_USE_PYTORCH=1 for another version",
		version, strings.Join(pinned(arch), " or "))
}

// dirName is the name of the release in the cache: other pins or other parts
// taken from them give another name, so an entry never has to be changed.
func (r release) dirName() string {
	h := sha256.New()
	for _, w := range r.wheels {
		fmt.Fprintln(h, w.sha256, w.take)
	}
	return r.version + "-" + hex.EncodeToString(h.Sum(nil))[:12]
}

// download is the number of bytes to download.
func (r release) download() int64 {
	var n int64
	for _, w := range r.wheels {
		n += w.size
	}
	return n
}
