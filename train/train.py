#!/usr/bin/env python3
"""The PyTorch original of package train: data, one training step, the loop. It runs.

    train.py trace --data DIR --steps 20 --out trace.json [--save FILE.pt] [--init FILE.pt]
    train.py bench --data DIR --steps 30 [--channels-last] [--bf16] [--compile] [--fused-adam] [--on-device] [--graph]
    train.py bench --mode generate --steps 30 [--channels-last] [--bf16] [--compile]
    train.py check FILE.pt        # loads a generator's state_dict as Python users do
    train.py make FILE.pt         # writes a generator's state_dict as Python users do
    train.py draw FILE.pt OUT.png # draws the ten digits with it, as `cgan generate` does

DIR holds the IDX files of MNIST, gzipped or not. `trace` writes every loss as an exact hexadecimal
float and the sha256 of every parameter and buffer, for a comparison bit for bit. `bench` times training
steps, or batches of drawn images. `--device cuda` computes on CUDA.

loader.go and trainer.go stand beside the sections of the same name, trace.go and the packages checkpoint and
benchmark beside the functions. Random numbers come from the one default generator: the generator's weights, the
discriminator's; at the start of an epoch what DataLoader(shuffle=True) draws; in a step the noise, then
the fake labels.
"""

import argparse
import gzip
import hashlib
import json
import pathlib
import resource
import struct
import sys
import time
import zlib

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "models"))
from cgan import Discriminator, Generator, concat_noise_label, create_onehot_image  # noqa: E402

CLASSES, NOISE = 10, 100


# --- loader.go ---------------------------------------------------------------------------------


IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4"}


def read_idx(folder, stem):
    path = pathlib.Path(folder) / f"{stem}.gz"
    raw = gzip.decompress(path.read_bytes()) if path.exists() else path.with_suffix("").read_bytes()
    kind, rank = np.dtype(IDX_TYPES[raw[2]]), raw[3]
    shape = struct.unpack_from(f">{rank}I", raw, 4)
    values = np.frombuffer(raw, kind, offset=4 + 4 * rank).reshape(shape)
    return torch.from_numpy(values.astype(kind.newbyteorder("=")))


def read_set(folder):
    image = read_idx(folder, "train-images-idx3-ubyte")  # [N, 28, 28], or of rank 4 [N, C, H, W]
    image = image.reshape(len(image), -1, *image.shape[-2:])  # [N, C, H, W]
    values, label = read_idx(folder, "train-labels-idx1-ubyte").unique(return_inverse=True)  # [N], 0 to n-1
    return image, label, [str(v) for v in values.tolist()]


def loader(image, label, batch):
    image = (image.float() / 255 - 0.5) / 0.5  # bytes -> [-1, 1]
    return DataLoader(TensorDataset(image, label), batch, shuffle=True)


def mirror(image):
    flip = torch.rand(len(image)) < 0.5
    return torch.where(flip.view(-1, 1, 1, 1).to(image.device), image.flip(3), image)  # each image or its mirror image


# --- trainer.go --------------------------------------------------------------------------------


class Trainer:
    def __init__(self, args, image, class_names, lr=2e-4, beta1=0.5, beta2=0.999):
        torch.manual_seed(args.seed)
        self.device = device = args.device
        self.flip = args.flip
        self.class_names, channels, size = class_names, image.size(1), image.size(2)
        self.classes = len(class_names)
        self.generator = Generator(NOISE + self.classes, args.ngf, channels, size).to(device)
        self.discriminator = Discriminator(channels + self.classes, args.ndf, size).to(device)
        self.optimizerG = torch.optim.Adam(self.generator.parameters(), lr, (beta1, beta2))
        self.optimizerD = torch.optim.Adam(self.discriminator.parameters(), lr, (beta1, beta2))
        self.criterion = nn.BCELoss()

    def step(self, image, label):
        if self.flip:
            image = mirror(image)
        loss_d, loss_g = self.update(image.to(self.device), label.to(self.device))
        return loss_d.item(), loss_g.item()

    def update(self, image, label):
        n, device, classes = image.size(0), self.device, self.classes
        real = self.condition(image, label)
        noise = torch.randn(n, NOISE, 1, 1, device=device)
        fake_label = torch.randint(classes, (n,), device=device)
        ones = torch.full((n,), 1.0, device=device)
        zeros = torch.full((n,), 0.0, device=device)

        self.discriminator.zero_grad()
        d_real = self.discriminator(real)
        loss_real = self.criterion(d_real, ones)
        z = concat_noise_label(noise, fake_label, device, classes)
        fake = self.condition(self.generator(z), fake_label)
        d_fake = self.discriminator(fake.detach())
        loss_fake = self.criterion(d_fake, zeros)
        loss_d = loss_real + loss_fake
        loss_d.backward()
        self.optimizerD.step()

        self.generator.zero_grad()
        loss_g = self.criterion(self.score_fake(fake), ones)
        loss_g.backward()
        self.optimizerG.step()
        return loss_d, loss_g

    def condition(self, image, label):
        return create_onehot_image(image, label, self.device, self.classes)

    def score_fake(self, fake):
        return self.discriminator(fake)


# --- loop.go, checkpoint/ ----------------------------------------------------------------------


class Progress:
    """Where a run stands: what a checkpoint holds so that another run, in Go or Python, goes on from there."""

    def __init__(self):
        self.step = self.epoch = self.epoch_step = 0
        self.epoch_rng_state = None


def batches(epochs, at, count):
    """Yields batches until `count` steps were made in all, and keeps `at` up to date."""
    while at.step < count:
        half = 0 < at.epoch_step < len(epochs)
        now = torch.get_rng_state()
        if half:
            torch.set_rng_state(at.epoch_rng_state)
        else:
            at.epoch, at.epoch_step, at.epoch_rng_state = at.epoch + 1, 0, now
        for i, batch in enumerate(epochs):
            if i < at.epoch_step:
                continue
            if half:
                torch.set_rng_state(now)
                half = False
            if at.step == count:
                return
            yield batch
            at.step, at.epoch_step = at.step + 1, at.epoch_step + 1


PARTS = ("generator", "discriminator", "optimizerG", "optimizerD")


def checkpoint(trainer, epochs, at):
    parts = {part: getattr(trainer, part).state_dict() for part in PARTS}
    if trainer.device == "cuda":
        parts["cuda_rng_state"] = torch.cuda.get_rng_state()
    return {
        **parts,
        "rng_state": torch.get_rng_state(),
        "epoch_rng_state": at.epoch_rng_state,
        "step": at.step,
        "epoch": at.epoch,
        "epoch_step": at.epoch_step,
        "batch": epochs.batch_size,
        "images": len(epochs.dataset),
        "class_names": trainer.class_names,
    }


def resume(trainer, path):
    saved = torch.load(path, weights_only=True)
    for part in PARTS:
        getattr(trainer, part).load_state_dict(saved[part])
    torch.set_rng_state(saved["rng_state"])
    if trainer.device == "cuda" and "cuda_rng_state" in saved:
        torch.cuda.set_rng_state(saved["cuda_rng_state"])
    at = Progress()
    for name in ("step", "epoch", "epoch_step", "epoch_rng_state"):
        setattr(at, name, saved[name])
    return at


# --- trace.go, benchmark/ ----------------------------------------------------------------------


def digest(module):
    state = module.state_dict()
    return {k: hashlib.sha256(v.detach().cpu().contiguous().numpy().tobytes()).hexdigest() for k, v in state.items()}


def trace(args):
    torch.backends.cudnn.deterministic = True  # on CUDA, else the bits of a sum may vary from run to run
    image, label, class_names = read_set(args.data)
    trainer, epochs, at = Trainer(args, image, class_names), loader(image, label, args.batch), Progress()
    if args.init:
        at = resume(trainer, args.init)
    losses = [trainer.step(*b) for b in batches(epochs, at, args.steps)]
    result = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "seed": args.seed,
        "batch": args.batch,
        "losses": [[d.hex(), g.hex()] for d, g in losses],
        "generator": digest(trainer.generator),
        "discriminator": digest(trainer.discriminator),
    }
    pathlib.Path(args.out).write_text(json.dumps(result, indent=1))
    if args.save:
        torch.save(checkpoint(trainer, epochs, at), args.save)


def tune(network, args):
    """What PyTorch offers for speed, around a network that stays as it is."""
    if args.channels_last:
        network.to(memory_format=torch.channels_last)
    run = torch.compile(network.forward) if args.compile else network.forward

    def forward(x):
        with torch.autocast(args.device, torch.bfloat16, enabled=args.bf16):
            y = run(x)
        return y.float()

    if args.channels_last or args.compile or args.bf16:
        network.forward = forward


def training(args, count):
    """Trains and yields after each step."""
    image, label, class_names = read_set(args.data)
    trainer = Trainer(args, image, class_names)
    tune(trainer.generator, args)
    tune(trainer.discriminator, args)
    if args.fused_adam:
        for optimizer in (trainer.optimizerG, trainer.optimizerD):
            optimizer.param_groups[0].update(fused=True, capturable=args.graph)
    torch.backends.cudnn.benchmark = args.fused_adam
    if args.on_device:
        epochs = OnDevice(image.to(args.device), label.to(args.device), args.batch)
    else:
        epochs = loader(image, label, args.batch)
    step = Graphed(trainer).step if args.graph else trainer.step
    for b in batches(epochs, Progress(), count):
        yield step(*b)


class OnDevice:
    """The batches of loader for data that stays on the device, as bytes."""

    def __init__(self, image, label, batch):
        self.image, self.label, self.batch_size = image, label, batch

    def __len__(self):
        return -(-len(self.label) // self.batch_size)

    def __iter__(self):
        for index in torch.randperm(len(self.label)).to(self.label.device).split(self.batch_size):
            yield (self.image[index].float() / 255 - 0.5) / 0.5, self.label[index]


class Graphed:
    """Trainer.step as one CUDA graph, behind some ordinary steps."""

    def __init__(self, trainer, warmup=3):
        self.trainer, self.left, self.graph = trainer, warmup, None

    def step(self, image, label):
        if self.left > 0:
            self.left -= 1
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                return self.trainer.step(image, label)
        if self.graph is None:
            torch.cuda.synchronize()
            self.image, self.label = image.to("cuda").clone(), label.to("cuda").clone()
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.losses = torch.stack(self.trainer.update(self.image, self.label))
        self.image.copy_(image)
        self.label.copy_(label)
        self.graph.replay()
        return self.losses.tolist()


def drawing(args, count):
    """Draws and yields after each batch."""
    torch.manual_seed(args.seed)
    device = args.device
    generator = Generator(NOISE + CLASSES, 128, 1).eval().to(device)
    tune(generator, args)
    with torch.no_grad():
        for _ in range(count):
            noise = torch.randn(args.batch, NOISE, 1, 1, device=device)
            label = torch.randint(CLASSES, (args.batch,), device=device)
            image = generator(concat_noise_label(noise, label, device, CLASSES))
            image.reshape(-1)[0].item()  # CUDA is done when a value is here
            yield image


def bench(args, warmup=5):
    if args.mode == "train" and not args.data:
        raise SystemExit("bench: --data is missing: name the folder of MNIST")
    times = []
    start = time.perf_counter()
    for _ in (training if args.mode == "train" else drawing)(args, args.steps + warmup):
        now = time.perf_counter()
        times.append(now - start)
        start = now
    times = sorted(times[warmup:])
    median = times[len(times) // 2]
    print(json.dumps({
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "batch": args.batch,
        "step_ms_min": times[0] * 1e3,
        "step_ms_median": median * 1e3,
        "images_per_s": args.batch / median,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


def check(args):
    generator = Generator(NOISE + CLASSES, 128, 1)
    generator.load_state_dict(torch.load(args.file, weights_only=True))
    generator.eval()
    torch.manual_seed(args.seed)
    z = concat_noise_label(torch.randn(CLASSES, NOISE, 1, 1), torch.arange(CLASSES), "cpu", CLASSES)
    with torch.no_grad():
        image = generator(z)
    print(json.dumps({"ok": True, "image_sum": image.double().sum().item(), "digest": digest(generator)}))


def make(args):
    torch.manual_seed(args.seed)
    torch.save(Generator(NOISE + CLASSES, 128, 1).state_dict(), args.file)


def draw(args):
    generator = Generator(NOISE + CLASSES, 128, 1)
    generator.load_state_dict(torch.load(args.file, weights_only=True))
    generator.eval()
    # every image shares one noise, drawn by a generator of its own
    noise = torch.randn(1, NOISE, 1, 1, generator=torch.Generator().manual_seed(args.seed)).expand(CLASSES, -1, 1, 1)
    with torch.no_grad():
        image = generator(concat_noise_label(noise, torch.arange(CLASSES), "cpu", CLASSES))
    pathlib.Path(args.out).write_bytes(png(row(image)))


def row(image, gap=2):
    """Lays images [N, 1, H, W] side by side as make_grid does, black around each, as bytes."""
    level = ((image[:, 0] * 0.5 + 0.5) * 255 + 0.5).clamp(0, 255).to(torch.uint8)
    framed = nn.functional.pad(level, (gap, 0, gap, gap))  # each brings the gap on its left
    return nn.functional.pad(torch.cat(list(framed), dim=1), (0, gap))


def png(gray):
    """A gray picture [H, W] as a PNG; the pinned wheels have no library of images."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = gray.shape
    lines = b"".join(b"\0" + line.numpy().tobytes() for line in gray)  # 0: the line is not filtered
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for run in (trace, bench, check, make, draw):
        command = commands.add_parser(run.__name__)
        command.set_defaults(run=run)
        command.add_argument("--seed", type=int, default=0)
        command.add_argument("--threads", type=int, default=0)
        command.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
        if run in (check, make, draw):
            command.add_argument("file")
            if run is draw:
                command.add_argument("out")
            continue
        command.add_argument("--data", required=run is trace)
        command.add_argument("--ngf", type=int, default=128)
        command.add_argument("--ndf", type=int, default=64)
        command.add_argument("--flip", action="store_true")
        command.add_argument("--steps", type=int, default=20)
        command.add_argument("--batch", type=int, default=128)
        if run is trace:
            command.add_argument("--out", required=True)
            command.add_argument("--save")
            command.add_argument("--init")
        else:
            command.add_argument("--mode", choices=("train", "generate"), default="train")
            for flag in ("--channels-last", "--bf16", "--compile", "--fused-adam", "--on-device", "--graph"):
                command.add_argument(flag, action="store_true")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    args.run(args)


if __name__ == "__main__":
    main()
