"""Runs what models/export wrote of each network of models/testdata/columns, and prints how far its images are from Go's.

    programs.py onnx FOLDER       needs onnx, onnxruntime and numpy: each NAME.onnx
    programs.py torch FOLDER      needs torch: each NAME.torchscript

Beside each program lie NAME.noise and NAME.images, float32, NAME.label, int64, and NAME.shape: the shape of the noise. A network
without classes has no NAME.label.
"""

import pathlib
import sys

import numpy as np


def given(path):
    noise = np.fromfile(path.with_suffix(".noise"), np.float32)
    noise = noise.reshape(-1, *(int(n) for n in path.with_suffix(".shape").read_text().split()))
    label = path.with_suffix(".label")
    return (noise, np.fromfile(label, np.int64)) if label.exists() else (noise,)


def onnx(path):
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = given(path)
    assert [i.name for i in session.get_inputs()] == ["noise", "label"][: len(inputs)]
    images = session.run(["image"], dict(zip(("noise", "label"), inputs)))[0]
    assert list(images.shape[1:]) == session.get_outputs()[0].shape[1:]
    return images


def torch(path):
    import torch

    program = torch.jit.load(str(path))
    assert not program.training
    with torch.no_grad():
        return program(*(torch.from_numpy(a) for a in given(path))).numpy()


if __name__ == "__main__":
    run, ending = {"onnx": (onnx, "onnx"), "torch": (torch, "torchscript")}[sys.argv[1]]
    for path in sorted(pathlib.Path(sys.argv[2]).glob(f"*.{ending}")):
        want = np.fromfile(path.with_suffix(".images"), np.float32)
        got = run(path)
        assert got.size == want.size and np.isfinite(got).all(), (path, got.shape)
        print(path.stem, np.abs(got.ravel() - want).max())
