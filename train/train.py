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

loader/loader.go, options.go, loss.go, penalty.go and trainer.go stand beside the sections of the same name, average.go beside
a method of Trainer, trace.go and the packages checkpoint and benchmark beside the functions. Random numbers come from
the one default generator: the generator's weights, the discriminator's; at the start of an epoch what
DataLoader(shuffle=True) draws; in a step the noise, then the fake labels, then for wgan-gp the places between real and
drawn images.
"""

import argparse
import copy
import functools
import gzip
import hashlib
import importlib.util
import inspect
import json
import math
import os
import pathlib
import resource
import struct
import sys
import time
import zlib

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import bf16_compress_hook
from torch.distributed.nn.functional import all_reduce
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

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


def loader(image, label, batch, seed=0):
    image = (image.float() / 255 - 0.5) / 0.5  # bytes -> [-1, 1]
    images = TensorDataset(image, label)
    if ranks() > 1:
        return DataLoader(images, batch, sampler=DistributedSampler(images, seed=seed))
    return DataLoader(images, batch, shuffle=True)


def mirror(image):
    flip = torch.rand(len(image)) < 0.5
    return torch.where(flip.view(-1, 1, 1, 1).to(image.device), image.flip(3), image)  # each image or its mirror image


# --- bindings/distributed, ranks.go ------------------------------------------------------------


def ranks():
    return dist.get_world_size() if dist.is_initialized() else 1


def rank():
    return dist.get_rank() if dist.is_initialized() else 0


def distribute(trainer, args):
    """Each rank draws random numbers of its own, and gradients are averaged while the backward pass computes."""
    trainer.average_d = trainer.discriminator
    trainer.average_g = trainer.generator
    if ranks() == 1:
        return
    if rank() > 0:
        torch.manual_seed(args.seed + rank())
    if getattr(args, "sync_bn", False):
        for network in (trainer.generator, trainer.discriminator):
            for module in network.modules():
                if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
                    module.forward = functools.partial(sync_batch_norm, module)
    trainer.average_d = DistributedDataParallel(trainer.discriminator, broadcast_buffers=False)
    trainer.average_g = DistributedDataParallel(trainer.generator, broadcast_buffers=False)
    if getattr(args, "compress", "none") == "bf16":
        for network in (trainer.average_d, trainer.average_g):
            network.register_comm_hook(None, bf16_compress_hook)


def sync_batch_norm(norm, x):
    """What torch.nn.SyncBatchNorm computes, which is for GPUs alone."""
    if not norm.training:
        return nn.functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, False, norm.momentum, norm.eps)
    count = ranks() * x.numel() // x.size(1)
    dims = [i for i in range(x.dim()) if i != 1]
    channels = (1, -1, *(1 for _ in dims[1:]))
    mean = all_reduce(x.sum(dims)) / count  # [C]
    centred = x - mean.view(channels)
    variance = all_reduce(centred.square().sum(dims)) / count  # [C]
    y = centred / (variance + norm.eps).sqrt().view(channels)
    if norm.weight is not None:
        y = y * norm.weight.view(channels)
    if norm.bias is not None:
        y = y + norm.bias.view(channels)
    if norm.track_running_stats:
        norm.num_batches_tracked += 1
        with torch.no_grad():
            norm.running_mean.lerp_(mean, norm.momentum)
            norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)
    return y


def settle_buckets(trainer, image):
    """A step that leaves no trace once a checkpoint is read: DistributedDataParallel lays out its buckets by the order in which
    the first step's gradients come, and with three ranks and more the order of a sum is the layout's."""
    if ranks() == 1:
        return
    trainer.done = trainer.options.d_steps - 1  # which is one of G's too
    trainer.update(torch.zeros(2, *image.shape[1:], device=trainer.device), torch.zeros(2, dtype=torch.int64, device=trainer.device))


def rank_rng_states():
    """Each rank's random numbers, a row for each."""
    states = [torch.empty_like(torch.get_rng_state()) for _ in range(ranks())]
    dist.all_gather(states, torch.get_rng_state())
    return torch.stack(states)


# --- options.go --------------------------------------------------------------------------------


class Options(argparse.Namespace):
    """What a training can have beside the article's; as it stands here it is the article's."""

    loss = "bce"  # bce, hinge, lsgan or wgan-gp
    label_smoothing = 0.0  # D's target for real images is 1 less this
    spectral_norm = False  # of the weights of D's convolutions
    d_steps = 1  # updates of D for one of G
    r1 = 0.0  # gamma of the R1 penalty on D's gradient at real images; 0 for none
    ema = 0.0  # average of G's weights that samples are drawn with: its decay or, from 100 on, its half-life in images; 0 for none
    lr_g = lr_d = 0.0  # learning rates; 0 for lr
    lr_schedule = "constant"  # how both fall to 0 over the run's steps: constant, linear or cosine


# --- loss.go -----------------------------------------------------------------------------------


class TargetLoss:
    """Compares verdicts with a target: 1 for real images, less the smoothing for D, and 0 for drawn ones."""

    def __init__(self, criterion, smoothing):
        self.criterion, self.smoothing = criterion, smoothing

    def real(self, verdict):
        return self.criterion(verdict, torch.full_like(verdict, 1.0 - self.smoothing))

    def fake(self, verdict):
        return self.criterion(verdict, torch.full_like(verdict, 0.0))

    def generated(self, verdict):
        return self.criterion(verdict, torch.full_like(verdict, 1.0))


class HingeLoss:
    """Asks D for 1 and more on real images, and -1 and less on drawn ones."""

    def real(self, verdict):
        return torch.relu(1 - verdict).mean()

    def fake(self, verdict):
        return torch.relu(1 + verdict).mean()

    def generated(self, verdict):
        return -verdict.mean()


class WassersteinLoss:
    """The distance between D's verdicts on real and on drawn images."""

    def real(self, verdict):
        return -verdict.mean()

    def fake(self, verdict):
        return verdict.mean()

    def generated(self, verdict):
        return -verdict.mean()


def has_sigmoid(options):
    # bce takes probabilities. The others take scores, and so does R1, whose gradient would vanish where the Sigmoid is flat
    return options.loss == "bce" and options.r1 == 0


def new_loss(options):
    if options.loss == "hinge":
        return HingeLoss()
    if options.loss == "wgan-gp":
        return WassersteinLoss()
    if options.loss == "lsgan":
        return TargetLoss(nn.MSELoss(), options.label_smoothing)
    if not has_sigmoid(options):
        return TargetLoss(nn.BCEWithLogitsLoss(), options.label_smoothing)
    return TargetLoss(nn.BCELoss(), options.label_smoothing)


# --- penalty.go --------------------------------------------------------------------------------

WGAN_PENALTY = 10  # lambda of WGAN-GP


def r1_penalty(verdict, image, gamma):
    (grad,) = torch.autograd.grad(verdict.sum(), image, create_graph=True)
    return grad.square().sum((1, 2, 3)).mean() * (gamma / 2)


def gradient_penalty(trainer, image, fake, label):
    """WGAN-GP's: how far from 1 the gradient is at images between the real and the drawn ones, with the real ones' labels."""
    alpha = torch.rand(image.size(0), 1, 1, 1, device=trainer.device)
    mixed = (alpha * image + (1 - alpha) * fake).requires_grad_(True)
    verdict = trainer.discriminator(*trainer.condition(mixed, label))
    (grad,) = torch.autograd.grad(verdict.sum(), mixed, create_graph=True)
    return (torch.linalg.vector_norm(grad, dim=(1, 2, 3)) - 1).square().mean() * WGAN_PENALTY


# --- networks.go -------------------------------------------------------------------------------


def load_networks(path):
    """A file that `cgan inspect FILE --as-python` printed."""
    spec = importlib.util.spec_from_file_location("networks", path)
    networks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(networks)
    return networks


def takes_label(network):
    return "label" in inspect.signature(network.forward).parameters


# --- trainer.go --------------------------------------------------------------------------------


class Trainer:
    def __init__(self, args, image, class_names, options=Options(), planned=0, lr=2e-4, beta1=0.5, beta2=0.999):
        torch.manual_seed(args.seed)
        self.device, self.options, self.flip, self.batch = args.device, options, args.flip, args.batch
        self.lr_g, self.lr_d = options.lr_g or lr, options.lr_d or lr
        self.class_names, self.classes = class_names, len(class_names)
        channels, size, device = image.size(1), image.size(2), args.device
        self.networks = getattr(args, "networks", None)  # in the article's place; None for the article's
        if self.networks:
            self.generator, self.discriminator = self.networks.Generator().to(device), self.networks.Discriminator()
        else:
            self.generator = Generator(NOISE + self.classes, args.ngf, channels, size).to(device)
            self.discriminator = Discriminator(channels + self.classes, args.ndf, size, has_sigmoid(options))
        if options.spectral_norm:
            self.discriminator.spectral_norm()
        self.discriminator.to(device)
        if options.ema > 0:
            self.generator_ema = copy.deepcopy(self.generator).eval()
        self.optimizerG = torch.optim.Adam(self.generator.parameters(), self.lr_g, (beta1, beta2))
        self.optimizerD = torch.optim.Adam(self.discriminator.parameters(), self.lr_d, (beta1, beta2))
        if options.lr_schedule != "constant":
            self.optimizerG.param_groups[0]["initial_lr"] = self.lr_g
            self.optimizerD.param_groups[0]["initial_lr"] = self.lr_d
        self.loss = new_loss(options)
        distribute(self, args)
        self.done, self.planned = 0, planned  # steps so far, and those that lr_schedule counts to

    def step(self, image, label):
        self.schedule()
        if self.flip:
            image = mirror(image)
        image = self.scale(image.to(self.device))
        loss_d, loss_g = self.update(image, label.to(self.device))
        self.done += 1
        return loss_d.item(), loss_g.item()

    def scale(self, image):
        if not self.networks or self.generator.values == (-1, 1):
            return image
        low, high = self.generator.values
        return image * ((high - low) / 2) + (high + low) / 2

    def schedule(self):
        if self.options.lr_schedule == "constant":
            return
        passed = self.done / self.planned
        factor = 1 - passed
        if self.options.lr_schedule == "cosine":
            factor = (1 + math.cos(math.pi * passed)) / 2
        self.optimizerG.param_groups[0]["lr"] = self.lr_g * factor
        self.optimizerD.param_groups[0]["lr"] = self.lr_d * factor

    def update(self, image, label):
        n, device = image.size(0), self.device
        if self.options.r1 > 0:
            image = image.detach().requires_grad_(True)
        real = self.condition(image, label)
        noise = self.noise(n)
        fake_label = self.random_label(n)

        self.discriminator.zero_grad()
        d_real = self.average_d(*real)
        loss_real = self.loss.real(d_real)
        drawn = self.generate(noise, fake_label)
        fake = self.condition(drawn, fake_label)
        d_fake = self.average_d(*(x.detach() for x in fake))
        loss_fake = self.loss.fake(d_fake)
        loss_d = loss_real + loss_fake
        if self.options.r1 > 0:
            loss_d = loss_d + r1_penalty(d_real, image, self.options.r1)
        if self.options.loss == "wgan-gp":
            loss_d = loss_d + gradient_penalty(self, image, drawn.detach(), label)
        loss_d.backward()
        self.optimizerD.step()

        if (self.done + 1) % self.options.d_steps != 0:
            return loss_d, self.loss.generated(d_fake.detach())
        self.generator.zero_grad()
        loss_g = self.loss.generated(self.score_fake(fake))
        loss_g.backward()
        self.optimizerG.step()
        self.update_average()
        return loss_d, loss_g

    @torch.no_grad()
    def update_average(self):
        if self.options.ema == 0:
            return
        decay = self.options.ema
        if decay >= 100:
            decay = 0.5 ** (self.batch * ranks() / decay)
        decay = min(decay, (1 + self.done) / (10 + self.done))  # lower at first, as TensorFlow's num_updates
        for average, parameter in zip(self.generator_ema.parameters(), self.generator.parameters()):
            average.lerp_(parameter, 1 - decay)
        for average, buffer in zip(self.generator_ema.buffers(), self.generator.buffers()):
            average.copy_(buffer)

    def noise(self, n):
        if self.networks:
            return self.generator.noise(n, self.device)
        return torch.randn(n, NOISE, 1, 1, device=self.device)

    def random_label(self, n):
        if self.networks and not takes_label(self.generator):
            return None
        return torch.randint(self.classes, (n,), device=self.device)

    def generate(self, noise, label):
        if self.networks:
            return self.average_g(noise, label) if takes_label(self.generator) else self.average_g(noise)
        return self.average_g(concat_noise_label(noise, label, self.device, self.classes))

    def condition(self, image, label):
        """What the discriminator takes."""
        if self.networks:
            return (image, label) if takes_label(self.discriminator) else (image,)
        return (create_onehot_image(image, label, self.device, self.classes),)

    def score_fake(self, fake):
        return self.discriminator(*fake)


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
        if ranks() > 1:
            epochs.sampler.set_epoch(at.epoch)
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


def parts_of(trainer):
    average = ("generator_ema",) if trainer.options.ema > 0 else ()
    return ("generator", "discriminator", "optimizerG", "optimizerD", *average)


def checkpoint(trainer, epochs, at):
    parts = {part: getattr(trainer, part).state_dict() for part in parts_of(trainer)}
    if trainer.device == "cuda":
        parts["cuda_rng_state"] = torch.cuda.get_rng_state()
    if ranks() > 1:
        parts["rank_rng_states"] = rank_rng_states()
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
    saved.setdefault("generator_ema", saved["generator"])  # an average that the file lacks begins as the generator
    for part in parts_of(trainer):
        getattr(trainer, part).load_state_dict(saved[part])
    # set_rng_state takes a whole tensor alone, not a row of one
    torch.set_rng_state(saved["rank_rng_states"][rank()].clone() if ranks() > 1 else saved["rng_state"])
    if trainer.device == "cuda" and "cuda_rng_state" in saved:
        torch.cuda.set_rng_state(saved["cuda_rng_state"])
    at = Progress()
    for name in ("step", "epoch", "epoch_step", "epoch_rng_state"):
        setattr(at, name, saved[name])
    trainer.done = at.step
    return at


# --- trace.go, benchmark/ ----------------------------------------------------------------------


def digest(module):
    state = module.state_dict()
    return {k: hashlib.sha256(v.detach().cpu().contiguous().numpy().tobytes()).hexdigest() for k, v in state.items()}


def trace(args):
    torch.backends.cudnn.deterministic = True  # on CUDA, else the bits of a sum may vary from run to run
    image, label, class_names = read_set(args.data)
    trainer, epochs, at = Trainer(args, image, class_names, args, args.steps), loader(image, label, args.batch, args.seed), Progress()
    if args.init:
        settle_buckets(trainer, image)
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
    if args.ema > 0:
        result["generator_ema"] = digest(trainer.generator_ema)
    saved = checkpoint(trainer, epochs, at)
    if rank() > 0:
        return
    pathlib.Path(args.out).write_text(json.dumps(result, indent=1))
    if args.save:
        torch.save(saved, args.save)


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
    if rank() > 0:
        return
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
            command.add_argument("--compress", choices=("none", "bf16"), default="none")
            command.add_argument("--sync-bn", action="store_true")
            command.add_argument("--networks", type=load_networks)
            command.add_argument("--loss", choices=("bce", "hinge", "lsgan", "wgan-gp"), default=Options.loss)
            command.add_argument("--lr-schedule", choices=("constant", "linear", "cosine"), default=Options.lr_schedule)
            command.add_argument("--spectral-norm", action="store_true")
            command.add_argument("--d-steps", type=int, default=Options.d_steps)
            for flag in ("label_smoothing", "r1", "ema", "lr_g", "lr_d"):
                command.add_argument("--" + flag.replace("_", "-"), type=float, default=getattr(Options, flag))
        else:
            command.add_argument("--mode", choices=("train", "generate"), default="train")
            for flag in ("--channels-last", "--bf16", "--compile", "--fused-adam", "--on-device", "--graph"):
                command.add_argument(flag, action="store_true")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.run in (trace, bench) and int(os.environ.get("WORLD_SIZE", 1)) > 1:
        dist.init_process_group("gloo")
    args.run(args)
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
