#!/usr/bin/env python3
"""Times drawing by a generator that `cgan export --format onnx` wrote, as `train.py bench --mode generate` does.

    draw_onnx.py onnxruntime|openvino MODEL --threads 2 --batch 128 --steps 60
"""

import argparse
import json
import resource
import time

import numpy

CLASSES = 10


def onnxruntime(model, threads):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return ort.__version__, list(session.get_inputs()[0].shape[1:]), lambda inputs: session.run(None, inputs)[0]


def openvino(model, threads):
    import openvino as ov

    core = ov.Core()
    compiled = core.compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    return ov.__version__, [d.get_length() for d in list(compiled.input(0).partial_shape)[1:]], lambda inputs: request.infer(inputs)[0]


def main(warmup=5):
    parser = argparse.ArgumentParser()
    parser.add_argument("runtime", choices=["onnxruntime", "openvino"])
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    args = parser.parse_args()
    version, shape, draw = {"onnxruntime": onnxruntime, "openvino": openvino}[args.runtime](args.model, args.threads)
    random = numpy.random.default_rng(0)
    times = []
    for _ in range(args.steps + warmup):
        start = time.perf_counter()
        noise = random.standard_normal((args.batch, *shape), dtype=numpy.float32)
        label = random.integers(0, CLASSES, args.batch)
        images = draw({"noise": noise, "label": label})
        times.append(time.perf_counter() - start)
        assert images.shape[0] == args.batch, images.shape
    times = sorted(times[warmup:])
    print(json.dumps({
        "torch": version,
        "batch": args.batch,
        "step_ms_min": times[0] * 1e3,
        "step_ms_median": times[len(times) // 2] * 1e3,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


main()
