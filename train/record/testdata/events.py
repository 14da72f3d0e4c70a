"""Prints what TensorBoard's own reader finds in a run folder, as JSON: per tag its steps and values."""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.util import tensor_util

found = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={event_accumulator.TENSORS: 0, event_accumulator.IMAGES: 0, event_accumulator.SCALARS: 0})
found.Reload()
tags = found.Tags()
out = {"scalars": {}, "images": {}}
for tag in tags["scalars"]:
    out["scalars"][tag] = [[e.step, e.value] for e in found.Scalars(tag)]
for tag in tags["tensors"]:
    out["scalars"][tag] = [[e.step, float(tensor_util.make_ndarray(e.tensor_proto))] for e in found.Tensors(tag)]
for tag in tags["images"]:
    out["images"][tag] = [[e.step, e.width, e.height, e.encoded_image_string.startswith(b"\x89PNG")] for e in found.Images(tag)]
json.dump(out, sys.stdout)
