#!/bin/bash
# Makes dist/cgan-VERSION-linux-x86_64.tar.zst of the last commit: the program, the libraries of libtorch's CPU part, completions, a
# man page, licences and an SBOM. The same commit gives the same bytes wherever the checkout lies: all is made in one fixed folder.
# Needs patchelf, zstd and binutils.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/../.." && pwd)
for tool in patchelf zstd strip git; do
    command -v $tool >/dev/null || { echo "release: $tool is missing: install Debian's patchelf, zstd, binutils and git" >&2; exit 1; }
done
work=/tmp/cgan-release
mkdir -p $work && exec 9>$work/lock && flock 9
libtorch=$(cd "$checkout" && sed -n 's/^\tDir = "\(.*\)"$/\1/p' bindings/libtorch/prepared.go)
[ -d "$libtorch/lib" ] || { echo "release: run make build first, it sets up libtorch" >&2; exit 1; }
ln -sfn "$libtorch" $work/libtorch
[ -d $work/src ] || git clone -q "$checkout" $work/src
git -C $work/src fetch -q "$checkout" HEAD
git -C $work/src reset -q --hard FETCH_HEAD
git -C $work/src clean -fdq
cd $work/src
LIBTORCH=$work/libtorch make build

export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) LC_ALL=C TZ=UTC
version=$(sed -n 's/^const release = "\(.*\)"$/\1/p' cmd/cgan/version.go)
name=cgan-$version-linux-x86_64
stage=$work/$name
rm -rf "$stage" && mkdir -p "$stage"/{bin,lib,licenses/go,share/man/man1} "$stage"/share/{bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}

install -m 755 bin/cgan "$stage/bin/cgan"
patchelf --force-rpath --set-rpath '$ORIGIN/../lib' "$stage/bin/cgan"
for library in $work/libtorch/lib/*.so*; do # NVIDIA's, which libtorch's CPU part is linked with, stay as NVIDIA gives them out
    install -m 644 "$library" "$stage/lib/"
done
strip --strip-unneeded "$stage"/lib/lib{torch_cpu,c10}.so "$stage/bin/cgan"

cgan=$stage/bin/cgan
$cgan completion bash > "$stage/share/bash-completion/completions/cgan"
$cgan completion zsh > "$stage/share/zsh/site-functions/_cgan"
$cgan completion fish > "$stage/share/fish/vendor_completions.d/cgan.fish"
$cgan man | gzip -9n > "$stage/share/man/man1/cgan.1.gz"

cp README.md LICENSE CHANGELOG.md "$stage/"
cp -rL $work/libtorch/licenses "$stage/licenses/libtorch"
go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/cgan | sort -u | while read -r module _ dir; do
    for license in "$dir"/{LICENSE,LICENCE,COPYING,NOTICE}*; do
        [ -f "$license" ] || continue
        mkdir -p "$stage/licenses/go/$module"
        install -m 644 "$license" "$stage/licenses/go/$module/"
    done
    [ -d "$stage/licenses/go/$module" ] || { echo "release: $module has no licence file" >&2; exit 1; }
done
cp "$(go env GOROOT)/LICENSE" "$stage/licenses/go/LICENSE"
find "$stage" -type d -exec chmod 755 {} +
find "$stage" -type f ! -path '*/bin/*' -exec chmod 644 {} +
(cd "$stage" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum > SHA256SUMS)

mkdir -p "$checkout/dist" && cd $work
tar --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf - "$name" | zstd -q -T2 "-${ZSTD_LEVEL:-19}" --long=27 -f -o "$checkout/dist/$name.tar.zst"
cd "$checkout/dist" && sha256sum "$name.tar.zst" > "$name.tar.zst.sha256"
du -sm "$stage"/{bin,lib} | sed "s,$stage/,,"
ls -l "$name.tar.zst" | awk '{printf "%s: %.0f MB\n", $9, $5 / 1e6}'
cat "$name.tar.zst.sha256"
