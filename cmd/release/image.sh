#!/usr/bin/env bash
# Builds the image cgan of the Dockerfile by buildah, on a Debian 13 of debootstrap's that is cut down as Debian's slim images are;
# `image.sh build cuda` the image cgan-cuda. `image.sh check` tries it: uid 1000, a read-only root, no capability, no network.
# `image.sh check cuda` the other, as far as there is no GPU. What is fetched stays in dist/cache. Needs root, buildah, curl, debootstrap and iproute2.
set -euo pipefail
cd "$(dirname "$0")/../.."
export STORAGE_DRIVER=${STORAGE_DRIVER:-vfs} BUILDAH_ISOLATION=chroot
fail() { echo "image: $*" >&2; exit 1; }
. cmd/release/tools.sh
need buildah curl debootstrap ip

# base commits Debian without manuals, locales and lists of packages as the image $1.
base() {
	local root=dist/roots/trixie container
	mkdir -p dist/roots
	[ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase trixie "$root" > /dev/null
	container=$(buildah from scratch)
	tar -C "$root" --one-file-system --exclude=./{proc,dev,sys,tmp,work,cache,home,opt}/'*' --exclude=./serve.log \
		--exclude=./var/{cache,lib}/apt/'*' --exclude=./usr/share/{doc,man,locale,info}/'*' -c . > dist/base.tar
	buildah add -q "$container" dist/base.tar / > /dev/null
	rm dist/base.tar
	buildah commit -q --rm "$container" "$1" > /dev/null
}

# build's certificates are those of this machine's own: it may reach registries through a proxy.
build() {
	local image=localhost/cgan${1:+-$1}
	mkdir -p dist/cache
	base localhost/cgan-base
	buildah build --build-arg BASE=localhost/cgan-base ${1:+--target "$1"} -v "$PWD/dist/cache:/cache" \
		-v /usr/local/share/ca-certificates:/usr/local/share/ca-certificates:ro -t "$image" .
	buildah images "$image"
}

# cgan runs it in the image's file system, $root, which is read-only but for /data and /tmp.
cgan() {
	env -i PATH=/usr/sbin:/usr/bin XDG_CACHE_HOME=/mnt chroot "$root" setpriv --reuid 1000 --regid 1000 --clear-groups \
		--bounding-set=-all --inh-caps=-all --no-new-privs /opt/cgan/bin/cgan "$@"
}

check() {
	local image=localhost/cgan${1:+-$1} runs bytes
	runs=$(buildah inspect --type image -f '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}}' "$image")
	[ "$runs" = 'cgan [/opt/cgan/bin/cgan]' ] || fail "it runs $runs"
	container=$(buildah from "$image")
	trap 'buildah rm "$container" > /dev/null' EXIT
	root=$(buildah mount "$container")
	unshare -mn "$0" inside "$root"
	bytes=$(du -sx --block-size=1 "$root" | cut -f1)
	echo "the image has $((bytes / 1000000)) MB"
	[ "${1:-}" = cuda ] || [ "$bytes" -lt 600000000 ] || fail 'it has over 600 MB'
}

# inside is check's part in mounts and a network of its own; both end with it.
inside() {
	local root=$1 mnist=${XDG_CACHE_HOME:-$HOME/.cache}/cgan/mnist
	mkdir -p "$root/mnt/cgan/mnist"
	mount --bind "$root" "$root"
	mount -o remount,ro,bind "$root"
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
	mount -t tmpfs -o uid=1000 none "$root/data"
	mount -t tmpfs -o mode=1777 none "$root/tmp" # docker run --read-only --tmpfs /tmp: doctor trains there for a moment
	mount --bind -o ro "$mnist" "$root/mnt/cgan/mnist"
	ip link set lo up
	cgan doctor
	cgan train --data /mnt/cgan/mnist --steps 3 --batch 16 --out /data/runs > /dev/null
	cgan generate --class 3 --seed 1 --out /data/three.png > /dev/null
	served
}

# served sees that serve answers with the image that generate drew.
served() {
	cgan serve &
	curl -sSf --retry 20 --retry-delay 1 --retry-connrefused -o "$root/data/served.png" \
		'http://127.0.0.1:8080/v1/models/mnist/images?class=3&seed=1' || fail 'no image is served'
	pkill -P $! # its child: $! is the shell that the function runs in
	wait $! || true
	cmp "$root/data/three.png" "$root/data/served.png" || fail 'serve draws another image than generate'
	echo 'served the image that generate draws'
}

case ${1:-} in
build) build "${2:-}" ;;
check) check "${2:-}" ;;
inside) inside "$2" ;;
*) fail "there is no ${1:-such command}: build or check" ;;
esac
