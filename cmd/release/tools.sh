# Sourced: need TOOL ... ends the script with the name of each tool that this machine lacks.
need() {
	local tool lacking=()
	for tool in "$@"; do
		command -v "$tool" > /dev/null || lacking+=("$tool")
	done
	[ ${#lacking[@]} = 0 ] || {
		echo "$(basename "$0"): this machine lacks ${lacking[*]}: as root, apt-get install buildah curl debootstrap iproute2 jq patchelf rpm zstd has all; for the other architecture also g++-aarch64-linux-gnu qemu-user qemu-user-static" >&2
		exit 1
	}
}
