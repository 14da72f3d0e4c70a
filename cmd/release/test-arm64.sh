#!/usr/bin/env bash
# Runs go test for 64-bit Arm, cross-compiled, in qemu, on the packages of HEAD that are named, or else on all whose tests start no
# processes. Needs root and Debian's g++-aarch64-linux-gnu and qemu-user. What is compiled stays in the user's cache.
set -euo pipefail
cd "$(dirname "$0")/../.."
. cmd/release/tools.sh
need git go aarch64-linux-gnu-g++ qemu-aarch64
root=$PWD
src=${XDG_CACHE_HOME:-$HOME/.cache}/cgan/arm64
[ -d "$src" ] || git init -q "$src"
cd "$src"
git fetch -q --depth 1 "file://$root" HEAD
git reset -q --hard FETCH_HEAD
export GOFLAGS=-mod=readonly
GOWORK=off go run ./cmd/libtorch --quiet --arch arm64
[ $# -gt 0 ] || set -- ./bindings/{torch,nn,optim,fused} ./models/... ./weights/... ./train/{benchmark,checkpoint,dataset,evaluate,loader,record,runfolder}
export GOWORK=$src/go.work CGO_ENABLED=1 GOARCH=arm64 CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++
# With SVE qemu 7.2 gives wrong sums in libtorch's own convolutions, and oneDNN does not survive the caches of x86-64 in /sys.
exec unshare --mount bash -c 'mount -t tmpfs none /sys && exec "$@"' - go test -timeout 60m -exec 'qemu-aarch64 -cpu max,sve=off -L /usr/aarch64-linux-gnu' "$@"
