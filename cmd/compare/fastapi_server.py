#!/usr/bin/env python3
"""The PyTorch original behind FastAPI, in eval mode, as one writes such a service: `compare serve-bench` asks it for images.

    fastapi_server.py WEIGHTS.pt PORT THREADS
"""

import io
import pathlib
import sys

import torch
import uvicorn
from fastapi import FastAPI, Response
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from models.cgan import Generator, concat_noise_label

weights, port, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
generator = Generator(nz=100 + 10, nch_g=128)
generator.load_state_dict(torch.load(weights, weights_only=True))
generator.eval()
app = FastAPI()


@app.get("/ready")
def ready():
    return {}


@app.get("/image")
def image(label: int, seed: int):
    noise = torch.randn(1, 100, 1, 1, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        pixels = generator(concat_noise_label(noise, torch.tensor([label]), "cpu"))[0, 0]
    out = io.BytesIO()
    Image.fromarray(((pixels + 1) * 127.5).clamp(0, 255).to(torch.uint8).numpy()).save(out, "PNG")
    return Response(out.getvalue(), media_type="image/png")


uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
