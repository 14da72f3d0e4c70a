#!/usr/bin/env bash
# Copies libtorch's libraries from the folder $1 into the new one $2, without the names that only a debugger reads; they are for this
# machine's architecture, or for $3. NVIDIA's have no such names, and those for Arm, which BOLT laid out, do not survive strip.
set -euo pipefail
arch=${3:-$(uname -m)}
mkdir -p "$2"
cp "$1"/*.so* "$2"
if [ "$arch" != aarch64 ]; then
	strip=strip
	[ "$arch" = "$(uname -m)" ] || strip=$arch-linux-gnu-strip
	"$strip" --strip-unneeded "$2"/libtorch_cpu.so "$2"/libc10.so
fi
chmod 755 "$2"/*
