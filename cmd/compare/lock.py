#!/usr/bin/env python3
"""Writes requirements-NAME.txt: what is named and all that it needs, pinned by sha256, for CPython 3.11.

    python3.11 lock.py 2.15.0 torch==2.15.0 numpy safetensors
    python3.11 lock.py 2.1.0 torch==2.1.0 'numpy<2'
    python3.11 lock.py onnx onnx onnxruntime numpy
    python3.11 lock.py tensorboard tensorboard
    python3.11 lock.py schemathesis schemathesis
    python3.11 lock.py playwright playwright axe-playwright-python
    python3.11 lock.py fastapi fastapi 'uvicorn[standard]' pillow
    python3.11 lock.py kubernetes kubernetes-validate
    python3.11 lock.py evaluate numpy scipy
    python3.11 lock.py mkdocs mkdocs
    python3.11 lock.py peers jax optax tensorflow-cpu
"""

import json
import pathlib
import subprocess
import sys

if sys.version_info[:2] != (3, 11):
    sys.exit("run this with Python 3.11: the sums are those of its wheels")
name, *wanted = sys.argv[1:]
pip = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
report = json.loads(subprocess.run([*pip, *wanted], check=True, capture_output=True).stdout)
lines = sorted(
    f"{item['metadata']['name']}=={item['metadata']['version']} "
    f"--hash=sha256:{item['download_info']['archive_info']['hashes']['sha256']}\n"
    for item in report["install"]
)
pathlib.Path(__file__).with_name(f"requirements-{name}.txt").write_text("".join(lines))
