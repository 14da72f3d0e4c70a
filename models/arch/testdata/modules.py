"""Builds the modules that Network.Python printed, and says what they are: JSON from stdin, a line of JSON for each to stdout."""

import json
import sys

import torch

for case in json.load(sys.stdin):
    names = {}
    exec(compile(case["Source"], "printed", "exec"), names)
    model = names[case["Class"]]()
    inputs = [torch.rand(2, *case["Input"])]
    if case["Classes"]:
        inputs.append(torch.tensor([0, case["Classes"] - 1]))
    outputs = []
    for _ in range(2):  # dropout and statistics of batches follow train and eval
        model.eval()
        outputs.append(model(*inputs))
    model.train()
    layers = [name for name, m in model.named_modules() if type(m) is not torch.nn.Module and m is not model]
    print(json.dumps({
        "Tensors": {key: list(t.shape) for key, t in model.state_dict().items()},
        "Buffers": [name for name, _ in model.named_buffers()],
        "Output": list(outputs[0].shape),
        "Steady": torch.equal(outputs[0], outputs[1]),
        "Training": all(m.training for m in model.modules()),
        "Printed": [str(model.get_submodule(name)) for name in layers],
    }))
