#!/usr/bin/env bash
# Tries the release in dist/ as a user has it: in bare roots of Debian 12 and 13, without Go, Python, compiler or network,
# as root and as uid 1000, with a read-only HOME and with none. Then its packages. With aarch64 as $1 the one for 64-bit Arm, in qemu, without its
# packages. Needs root, debootstrap, curl, iproute2, jq, readelf and rpm; qemu-user-static for Arm. The roots stay in dist/roots.
set -euo pipefail
cd "$(dirname "$0")/../.."
. cmd/release/tools.sh
[ "${1:-}" = inside ] || need curl debootstrap ip jq readelf rpm zstd
lowest=2.34 # glibc that the release needs, as README.md says; Ubuntu 22.04 has 2.35, Debian 12 2.36
libcxx=3.4.29

fail() { echo "release-check: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail 'needs root, for chroot'
[ "${1:-}" = inside ] || set -- roots "$@"
arch=${2:-$(uname -m)}
foreign= # what runs a program of another architecture
[ "$arch" = "$(uname -m)" ] || foreign=/usr/bin/qemu-$arch-static
archives=(dist/cgan-*-linux-"$arch".tar.zst)
[ ${#archives[@]} = 1 ] && [ -e "${archives[0]}" ] || fail "dist must hold one release for $arch: make clean release"
archive=$PWD/${archives[0]}
(cd dist && sha256sum --quiet -c SHA256SUMS)
mnist=${XDG_CACHE_HOME:-$HOME/.cache}/cgan/mnist
[ -e "$mnist" ] || fail 'MNIST is not in the cache: run bin/cgan doctor once'

# newest prints the highest version of GLIBC, or what $1 says, among the symbols that the files of $2 need.
newest() { readelf -VW "$2"/bin/* "$2"/lib/* 2>/dev/null | grep -o "Name: $1_[0-9.]*" | sed 's/.*_//' | sort -Vu | tail -1; }

versions() {
	local glibc cxx
	glibc=$(newest GLIBC "$1") cxx=$(newest GLIBCXX "$1")
	echo "needs glibc $glibc, GLIBCXX $cxx"
	[ "$glibc" = "$lowest" ] || fail "glibc $glibc is needed, and $lowest is what is said"
	[ "$cxx" = "$libcxx" ] || fail "GLIBCXX $cxx is needed, and $libcxx is what is said"
}

# inside runs in the root $1, whose /proc and mounts end with this shell; no network, lo alone.
inside() {
	local root=$1
	mount -t proc proc "$root/proc"
	# qemu shows this machine's own processor, of which libtorch makes nothing on Arm; without the file it goes by what qemu does
	[ ! "$foreign" ] || mount --bind /dev/null "$root/proc/cpuinfo"
	mount --bind /dev "$root/dev"
	mkdir -p "$root/cache/cgan/mnist" "$root/work" "$root/home" "$root/opt/cgan"
	chown 1000:1000 "$root/work"
	mount --bind -o ro "$mnist" "$root/cache/cgan/mnist"
	mount -t tmpfs -o ro,mode=555 none "$root/home"
	ip link set lo up
	local begin=$EPOCHREALTIME
	tar -C "$root/opt/cgan" --strip-components=1 --no-same-owner -xf "$archive"
	(cd "$root/opt/cgan" && sha256sum --quiet -c SHA256SUMS)
	local unpacked=$EPOCHREALTIME
	versions "$root/opt/cgan"
	user "$root" --version
	local first=$EPOCHREALTIME
	user "$root" generate --class 3 --seed 1 --out /work/three.png > /dev/null
	local drawn=$EPOCHREALTIME
	HOME_IS=/home user "$root" train --data /cache/cgan/mnist --steps 3 --batch 16 --out /work/runs > /dev/null
	user "$root" inspect /work/runs/00000-mnist > /dev/null
	png "$root/work/three.png"
	awk -v a="$begin" -v b="$unpacked" -v c="$first" -v d="$drawn" 'BEGIN {
		printf "unpacked and summed in %.1f s, the first picture %.2f s after the command\n", b - a, d - c; exit d - c > 5 }' || [ "$foreign" ] || fail 'the first picture takes over 5 s'
	user "$root" doctor | tee "$root/work/doctor"
	grep -q '^found *beside the program$' "$root/work/doctor" || fail 'doctor does not know whose libraries it runs on'
	env -i PATH=/usr/sbin:/usr/bin:/bin XDG_CACHE_HOME=/cache chroot "$root" $foreign /opt/cgan/bin/cgan doctor --json | jq -e '.training == "works"' > /dev/null # as root, without HOME
	serve "$root"
	rm -rf "${root:?}/opt/cgan"
	[ ! "$foreign" ] || return 0
	deb "$root" && removed "$root"
	rpm "$root" && removed "$root"
}

# deb and rpm install a package into the root $1, draw, and remove it; the machine's rpm does it where the root has none.
deb() {
	cp dist/cgan_*_"$(dpkg --print-architecture)".deb "$1/tmp/cgan.deb"
	chroot "$1" dpkg -i /tmp/cgan.deb > /dev/null
	rm "$1/tmp/cgan.deb"
	installed "$1" deb
	chroot "$1" dpkg -P cgan > /dev/null
}

rpm() {
	command rpm --root "$PWD/$1" -i --nodeps dist/cgan-*."$arch".rpm
	installed "$1" rpm
	command rpm --root "$PWD/$1" -e --nodeps cgan
}

installed() {
	chroot --userspec=1000:1000 "$1" /usr/bin/cgan generate --class 3 --seed 1 --out "/work/$2.png" > /dev/null
	cmp "$1/work/three.png" "$1/work/$2.png" || fail "what the .$2 draws differs from the tarball's"
	echo "the .$2 draws the same"
}

# removed sees that $1 is as it was.
removed() { [ ! -e "$1/usr/lib/cgan" ] && [ ! -e "$1/usr/bin/cgan" ] || fail 'a removed package leaves files'; }

# user runs cgan as uid 1000, with a HOME only where HOME_IS says one.
user() {
	local root=$1
	shift
	env -i PATH=/usr/sbin:/usr/bin:/bin XDG_CACHE_HOME=/cache ${HOME_IS:+HOME=$HOME_IS} chroot --userspec=1000:1000 "$root" $foreign /opt/cgan/bin/cgan "$@"
}

png() { [ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' \n')" = 89504e470d0a1a0a ] || fail "$1 is no PNG"; }

serve() {
	user "$1" serve --addr 127.0.0.1:8080 > "$1/serve.log" 2>&1 &
	local pid=$!
	curl -sSf --retry 20 --retry-delay 1 --retry-connrefused -o "$1/work/served.png" 'http://127.0.0.1:8080/v1/models/mnist/images?class=3&seed=1' || { cat "$1/serve.log" >&2; fail 'no image is served'; }
	cmp "$1/work/served.png" "$1/work/three.png" || fail 'serve draws another image than generate'
	pkill -P "$pid" # its child: $pid is the shell that the function runs in
	wait "$pid" || true
	echo 'served an image'
}

# bare makes the root $2 of Debian $1. One of another architecture is unpacked, but not set up, which its own programs would do.
bare() {
	mkdir -p dist/roots
	[ ! -e "$2/etc/debian_version" ] || return 0
	if [ "$foreign" ]; then
		debootstrap --foreign --arch "${arch/aarch64/arm64}" --variant=minbase --include=libstdc++6 "$1" "$2" > /dev/null
		dpkg-deb -x "$2"/var/cache/apt/archives/libstdc++6_*.deb "$2"
		cp "$foreign" "$2$foreign"
	else
		debootstrap --variant=minbase "$1" "$2" > /dev/null
	fi
}

if [ "$1" = inside ]; then inside "$3"; exit; fi
for suite in bookworm trixie; do
	root=dist/roots/$suite${foreign:+-$arch}
	bare "$suite" "$root"
	rm -rf "${root:?}"/{work,opt/cgan}
	echo "== $suite, $arch"
	unshare -mn "$0" inside "$arch" "$root"
done
