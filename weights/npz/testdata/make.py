"""Writes the fixtures of weights/npz: numpy.savez of numpy 1 and 2 give the same arrays."""

import pathlib

import numpy as np

folder = pathlib.Path(__file__).parent
arrays = {
    "noise": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    "labels": np.array([3, -1]),
    "images": np.linspace(-1, 1, 8).reshape(2, 1, 2, 2),
    "few": np.array([7, 8], dtype=np.int32),
    "one": np.float32(5),
}
np.savez(folder / "plain.npz", **arrays)
np.savez_compressed(folder / "compressed.npz", **arrays)
np.savez(folder / "columns.npz", x=np.asfortranarray(arrays["noise"]))
np.savez(folder / "big-endian.npz", x=arrays["noise"].astype(">f4"))
np.savez(folder / "objects.npz", x=np.array([{}, None], dtype=object))
