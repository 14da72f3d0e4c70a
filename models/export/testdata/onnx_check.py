#!/usr/bin/env python3
"""Compares a generator in onnxruntime with the same generator in torch, through files in a folder.

    onnx_check.py reference FOLDER    needs torch: writes NAME.pt, and noise, labels and images as .npy
    onnx_check.py check FOLDER        needs onnx and onnxruntime: reads each NAME.onnx, compares with what
                                      reference left, if anything, and prints the greatest difference

What is wrong ends in a traceback.
"""
import pathlib
import sys

import numpy as np

BATCHES, TOLERANCE = (1, 3, 128), 1e-5
SIZES = {"article": (100, 10, 128, 1, 28), "small": (7, 3, 4, 2, 28), "large": (5, 4, 4, 3, 64)}  # noise, classes, nch_g, nch, size
SIDES = {28: (3, 7, 14, 28), 64: (4, 8, 16, 32, 64)}  # of what each layer makes


def reference(folder):
    import torch

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
    from cgan import Generator, concat_noise_label

    torch.manual_seed(11)
    for name, (nz, classes, nch_g, nch, size) in SIZES.items():
        net = Generator(nz + classes, nch_g, nch, size)
        with torch.no_grad():
            for key, parameter in net.named_parameters():
                if key.endswith(".1.weight") or key.endswith(".1.bias"):  # a norm starts with ones and zeros
                    parameter.add_(torch.randn_like(parameter), alpha=0.3)
            for _ in range(5):  # running statistics of their own
                net(concat_noise_label(torch.randn(64, nz, 1, 1), torch.randint(classes, (64,)), "cpu", classes))
            net.eval()
            torch.save(net.state_dict(), folder / f"{name}.pt")
            for n in BATCHES:
                noise, label = torch.randn(n, nz, 1, 1), torch.arange(n) % classes
                image = net(concat_noise_label(noise, label, "cpu", classes))
                for what, tensor in {"noise": noise, "label": label, "image": image}.items():
                    np.save(folder / f"{name}.{n}.{what}.npy", tensor.numpy())


def check(folder):
    import onnx
    import onnxruntime

    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
    paths = sorted(folder.glob("*.onnx"))
    assert paths, "no ONNX file"
    for path in paths:
        check_form(onnx, path, SIZES[path.stem])
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # the refused labels are meant
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        check_labels(session, *SIZES[path.stem][:2])
        for n in BATCHES:
            compare(session, path, n, SIZES[path.stem])


def check_form(onnx, path, sizes):
    """The model is valid, and its operators alone, without the declared output, give the generator's shapes."""
    nz, classes, nch_g, nch, size = sizes
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    shapes = {
        v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
        for v in [*model.graph.input, *model.graph.value_info, *model.graph.output]
    }
    want = {
        "noise": ["batch", nz, 1, 1], "label": ["batch"], "onehot_encode": ["batch", classes, 1, 1],
        "concat_noise_label": ["batch", nz + classes, 1, 1], "image": ["batch", nch, size, size],
    }  # fmt: skip
    *hidden, _ = SIDES[size]
    for i, side in enumerate(hidden, 1):
        want[f"layer{i}"] = ["batch", nch_g * 2 ** (len(hidden) - i), side, side]
    got = {name: shapes.get(name) for name in want}
    assert got == want, got
    props = {p.key: p.value for p in model.metadata_props}
    assert props["architecture"] == f"Generator(nz={nz + classes}, nch_g={nch_g}, nch={nch}, size={size})", props
    assert props["classes"] == str(classes), props


def check_labels(session, nz, classes):
    """A label that torch's indexing refuses is refused; -1 is the last class, as it is there."""
    noise = np.ones((1, nz, 1, 1), np.float32)

    def run(label):
        return session.run(["image"], {"noise": noise, "label": np.array([label])})[0]

    assert (run(-1) == run(classes - 1)).all() and (run(0) != run(1)).any()
    for label in (classes, -classes - 1):
        try:
            run(label)
        except Exception as e:
            assert "out of data bounds" in str(e), e
        else:
            raise AssertionError(f"label {label} was taken")


def compare(session, path, n, sizes):
    nz, classes, _, nch, size = sizes
    stem = path.with_suffix("")
    if not pathlib.Path(f"{stem}.{n}.image.npy").exists():
        feed = {"noise": np.ones((n, nz, 1, 1), np.float32), "label": np.arange(n) % classes}
        assert session.run(["image"], feed)[0].shape == (n, nch, size, size)
        print(f"{path.stem} batch {n}: runs")
        return
    noise, label, want = (np.load(f"{stem}.{n}.{what}.npy") for what in ("noise", "label", "image"))
    got = session.run(["image"], {"noise": noise, "label": label})[0]
    assert got.shape == want.shape == (n, nch, size, size) and np.isfinite(got).all() and got.std() > 0.01
    difference = np.abs(got - want).max()
    print(f"{path.stem} batch {n}: differs by {difference:.1e}, values from {want.min():.2f} to {want.max():.2f}")
    assert difference <= TOLERANCE, difference
    if n == 3:  # ONNX's own reference is slow
        import onnx.reference

        again = onnx.reference.ReferenceEvaluator(str(path)).run(["image"], {"noise": noise, "label": label})[0]
        difference = np.abs(again - want).max()
        print(f"{path.stem} batch {n}, onnx.reference: differs by {difference:.1e}")
        assert difference <= TOLERANCE, difference


if __name__ == "__main__":
    {"reference": reference, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
