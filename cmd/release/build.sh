#!/usr/bin/env bash
# Builds the release of HEAD for this machine's architecture, or x86_64 or aarch64 as $1 says: dist/cgan-VERSION-linux-ARCH.tar.zst, which holds all
# that cgan needs beside glibc and libstdc++, the same as .deb and .rpm, and SHA256SUMS. Compiled code knows the folders that it was compiled in,
# so that the commit is checked out and built under $build, always the same: any checkout gives the same bytes by the same Go, compilers and tools.
# Needs git, g++, Go, jq, patchelf, zstd; for the other architecture its g++ and qemu-user.
set -euo pipefail
cd "$(dirname "$0")/../.."
. cmd/release/tools.sh
root=$PWD
build=/tmp/cgan-release
src=$build/src
arch=${1:-$(uname -m)}
case $arch in
x86_64) goarch=amd64 ;;
aarch64) goarch=arm64 ;;
*) echo "there is no release for $arch: x86_64 or aarch64" >&2; exit 2 ;;
esac
need git g++ go jq patchelf zstd
gnu= runner= # prefix of the compiler's tools, and what runs a program of that architecture
[ "$arch" = "$(uname -m)" ] || gnu=$arch-linux-gnu- runner="qemu-$arch -L /usr/$arch-linux-gnu"
[ -z "$gnu" ] || need "${gnu}g++" "qemu-$arch"
export LC_ALL=C TZ=UTC
epoch=$(git log -1 --format=%ct) # of the commit

# checkout puts HEAD and a link to the user's cache of libtorch under $build.
checkout() {
	mkdir "$build" 2>/dev/null || { echo "$build is there: another release is being built, or one was cut off; then remove it" >&2; exit 1; }
	trap 'rm -rf "$build"' EXIT
	git clone -q --depth 1 "file://$root" "$src"
	mkdir "$build/cache"
	ln -s "${XDG_CACHE_HOME:-$HOME/.cache}/cgan" "$build/cache/cgan"
	export GOCACHE=$(go env GOCACHE) XDG_CACHE_HOME=$build/cache GOWORK=$src/go.work GOFLAGS=-mod=readonly
}

# program builds bin/cgan and prepares libtorch.
program() {
	if [ ! "$gnu" ]; then
		make -s -C "$src" build BUILD='-trimpath -ldflags=-s\ -w\ -buildid='
		return
	fi
	cd "$src"
	GOWORK=off go run ./cmd/libtorch --quiet --arch "$goarch"
	CGO_ENABLED=1 GOARCH=$goarch CC=${gnu}gcc CXX=${gnu}g++ go build -trimpath -ldflags='-s -w -buildid=' -o bin/cgan ./cmd/cgan
	cd "$root"
}

# cgan runs the program as it was built, beside the libraries of the release.
cgan() { $runner "$tree/bin/cgan" "$@"; }

# licences puts the texts of all that is inside $1/bin and $1/lib into $2.
licences() {
	mkdir -p "$2/go"
	cp "$(go env GOROOT)/LICENSE" "$2/go/LICENSE"
	go version -m "$1/bin/cgan" | awk '$1 == "dep" { print $2 }' | while read -r module; do
		dir=$(cd "$src" && go list -m -f '{{.Dir}}' "$module")
		texts=$(find "$dir" -maxdepth 1 -type f -iregex '.*/\(licen[cs]e\|copying\|notice\)[^/]*')
		[ "$texts" ] || { echo "$module has no licence text" >&2; exit 1; }
		mkdir -p "$2/$module"
		cp $texts "$2/$module"
	done
	cp -r "$torch/licenses" "$2/libtorch"
	mkdir "$2/libgomp"
	cp cmd/release/licenses/* "$2/libgomp"
	chmod -R u=rwX,go=rX "$2"
}

# sbom prints what is inside $1 as CycloneDX: the modules of the program, and each library with its sum.
sbom() {
	local version libs
	version=$(jq -r .full_version "$torch/manifest.json")
	libs=$(cd "$1/lib" && sha256sum -- * | jq -R --arg version "$version" 'split("  ") | {type: "library", "bom-ref": .[1], name: .[1],
		description: "from the wheels of torch \($version)", hashes: [{alg: "SHA-256", content: .[0]}]}' | jq -s .)
	(cd "$build" && GOWORK=off GOFLAGS= go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0 bin -json -noserial -std "$1/bin/cgan") |
		jq --argjson libs "$libs" --arg time "$(date -ud "@$epoch" +%FT%TZ)" \
			'.metadata.timestamp = $time | del(.metadata.tools[].hashes) | .components += $libs' |
		sed 's,\./\.libtorch/gotch,github.com/sugarme/gotch,g'
}

# shell puts completions and the manual page, which the program prints, into $1.
shell() {
	mkdir -p "$1"/{bash-completion/completions,zsh/site-functions,fish/vendor_completions.d,man/man1}
	cgan completion bash > "$1/bash-completion/completions/cgan"
	cgan completion zsh > "$1/zsh/site-functions/_cgan"
	cgan completion fish > "$1/fish/vendor_completions.d/cgan.fish"
	cgan man > "$1/man/man1/cgan.1"
}

# packages makes the .deb and the .rpm of $tree.
packages() {
	local format
	for format in deb rpm; do
		(cd "$tree" && VERSION=$version ARCH=$goarch SOURCE_DATE_EPOCH=$epoch GOWORK=off GOFLAGS= go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.0 \
			package -f "$src/cmd/release/nfpm.yaml" -p "$format" -t "$build/out" > /dev/null)
	done
}

checkout
program
torch=$(sed -n 's/^\tDir = "\(.*\)"$/\1/p' "$src/bindings/libtorch/prepared.go")
version=$($runner "$src/bin/cgan" --version | sed -n 's/^cgan version \([^,]*\),.*/\1/p')
name=cgan-$version-linux-$arch
tree=$build/$name
install -D "$src/bin/cgan" "$tree/bin/cgan"
patchelf --force-rpath --set-rpath '$ORIGIN/../lib' "$tree/bin/cgan"
cmd/release/libraries.sh "$torch/lib" "$tree/lib" "$arch"
shell "$tree/share"
docs=$tree/share/doc/cgan
install -Dm644 -t "$docs" "$src/LICENSE" "$src/README.md" "$src/CHANGELOG.md"
licences "$tree" "$docs/licenses"
sbom "$tree" > "$docs/sbom.cdx.json"
(cd "$tree" && find . -type f ! -name SHA256SUMS | sort | xargs sha256sum > "$build/sums" && install -m644 "$build/sums" SHA256SUMS)
mkdir "$build/out"
tar -C "$build" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" --format=gnu -c "$name" | zstd -q -19 -T0 -o "$build/out/$name.tar.zst"
packages
mkdir -p dist
rm -f dist/cgan*"$arch".* dist/cgan*"$goarch".*
mv "$build"/out/* dist/
(cd dist && sha256sum -- cgan* > SHA256SUMS)
cat dist/SHA256SUMS
(cd "$build" && du -sh --apparent-size "$name"/*/)
du -sh --apparent-size dist/cgan*"$arch".* dist/cgan*"$goarch".*
