#!/bin/bash
# Unpacks the tarball of release.sh in bare Debian 12 and 13 roots without a network, Go, Python or compiler, and uses it there as a user
# would: cmd/release/check.sh [TARBALL]. As root, for chroot and debootstrap.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/../.." && pwd)
tarball=$(realpath "${1:-$(ls -t "$checkout"/dist/cgan-*-linux-x86_64.tar.zst | head -1)}")
name=$(basename "$tarball" .tar.zst)
roots=${XDG_CACHE_HOME:-$HOME/.cache}/cgan/roots
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -1) # where this machine's own packages come from
fail() { echo "release-check: $*" >&2; exit 1; }

# The lowest glibc is that of the newest symbol that anything in the tarball asks for.
work=$(mktemp -d)
trap 'umount -q $work/root/{proc,dev} 2>/dev/null || true; rm -rf --one-file-system "$work"' EXIT
tar --zstd --long=27 -xf "$tarball" -C "$work" 2>/dev/null || zstd -dc --long=27 "$tarball" | tar -xf - -C "$work"
(cd "$work/$name" && sha256sum --quiet -c SHA256SUMS)
lowest=$(find "$work/$name"/{bin,lib} -type f -exec objdump -T {} + 2>/dev/null | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -1)
[ "$lowest" = GLIBC_2.34 ] || fail "the newest symbol is of $lowest, README says 2.34"
echo "needs glibc 2.34 (Debian 12, Ubuntu 22.04, RHEL 9 and later)"
if grep -rlaE '/(root|home)/[a-z.]' "$work/$name/bin" >&2; then fail "a folder of the building machine is in the program"; fi

data=$(cd "$checkout" && bin/cgan doctor --json | sed -n 's/^ *"mnist": "\(.*\)",$/\1/p')
for suite in bookworm trixie; do
    if [ ! -f "$roots/$suite.tar" ]; then
        mkdir -p "$roots"
        debootstrap --variant=minbase "$suite" "$work/new" "$mirror" >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; fail "debootstrap $suite"; }
        tar -C "$work/new" -cf "$roots/$suite.tar.new" . && mv "$roots/$suite.tar.new" "$roots/$suite.tar" && rm -rf --one-file-system "$work/new"
    fi
    root=$work/root
    mkdir "$root" && tar -xf "$roots/$suite.tar" -C "$root"
    cp -r "$work/$name" "$root/opt/cgan" && mkdir -p "$root/data" "$root/home/user" && cp "$data"/*.gz "$root/data/" && chown 1000:1000 "$root/home/user"
    mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev"
    # As user 1000, without a network.
    as_user() { unshare -n bash -c 'ip link set lo up; exec chroot --userspec=1000:1000 "$0" /usr/bin/env -i PATH=/usr/bin:/bin "$@"' "$root" "$@"; }
    cgan=/opt/cgan/bin/cgan
    for what in go python3 gcc; do if chroot "$root" sh -c "command -v $what" >/dev/null; then fail "$suite has $what"; fi; done

    began=$(date +%s.%N)
    as_user HOME=/home/user sh -c "cd && $cgan generate --out digits.png" >/dev/null || fail "$suite: generate"
    seconds=$(echo "$(date +%s.%N) - $began" | bc)
    head -c 8 "$root/home/user/digits.png" | cmp -s - <(printf '\211PNG\r\n\032\n') || fail "$suite: no picture"
    as_user sh -c "cd /tmp && $cgan generate --out no-home.png" >/dev/null || fail "$suite: without HOME"
    as_user HOME=/nonexistent sh -c "cd /tmp && $cgan generate --out no-folder.png" >/dev/null || fail "$suite: HOME is no folder"
    chmod 555 "$root/home/user"
    as_user HOME=/home/user sh -c "cd /tmp && $cgan generate --out read-only.png && $cgan train --quiet --data /data --steps 3 --batch 16 --out runs && $cgan inspect runs/00000-data" >/dev/null \
        || fail "$suite: with a HOME that is read-only"
    cmp -s "$root/tmp/read-only.png" "$root/home/user/digits.png" || fail "$suite: another picture"
    as_user sh -c "$cgan doctor --json" >"$work/doctor" || true
    grep -q '"kernels"' "$work/doctor" || fail "$suite: doctor"
    as_user bash -c "cd /tmp; $cgan serve --weights mnist --addr 127.0.0.1:8099 >log 2>&1 & server=\$!
        for i in \$(seq 40); do sleep 0.25; exec 3<>/dev/tcp/127.0.0.1/8099 && break; done 2>/dev/null
        printf 'GET /v1/models/mnist/images?class=3&seed=7 HTTP/1.0\r\nHost: 127.0.0.1:8099\r\n\r\n' >&3; cat <&3 >answer; kill \$server; wait \$server" || true
    grep -aq '200 OK' "$root/tmp/answer" && grep -aq PNG "$root/tmp/answer" || { cat "$root/tmp/log" >&2; fail "$suite: serve gives no picture"; }
    echo "$suite: draws in $seconds s from the command on, trains, looks at a run, serves; as user 1000, without a network, HOME read-only or none"
    umount "$root/proc" "$root/dev" && rm -rf --one-file-system "$root"
done
