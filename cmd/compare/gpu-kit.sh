#!/usr/bin/env bash
# Tries cgan on CUDA and prints one table: run.sh of the folder that `make gpu-kit` makes. PYTHON names a Python that has
# the torch that cgan was built against; flags go to `compare gpu`. The rest of the folder is packed in kit.tar.xz beside it.
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-$(command -v python3)}
[ -e bin/compare ] || "$python" -c 'import tarfile; tarfile.open("kit.tar.xz").extractall()'
# cgan looks where its torch was when it was built, then here.
LD_LIBRARY_PATH=$("$python" -c 'import pathlib, torch; print(pathlib.Path(torch.__file__).parent / "lib")')
export LD_LIBRARY_PATH XDG_CACHE_HOME=$PWD/cache
exec bin/compare gpu --cgan bin/cgan --python "$python" "$@"
