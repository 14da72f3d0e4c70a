#!/usr/bin/env python3
"""Times the article's training step in JAX and in TensorFlow, as `train.py bench` does in PyTorch: the same networks, losses and Adam.

    train_peers.py jax|tensorflow --threads 2 --batch 128 --steps 30 [--bf16] [--xla]

Images are random and ready in memory: what loading them takes is not counted.
"""

import argparse
import json
import os
import resource
import time

NOISE, CLASSES, SIZE = 100, 10, 28
GENERATOR = [(512, 3, 1, 0), (256, 3, 2, 0), (128, 4, 2, 1), (1, 4, 2, 1)]  # channels, kernel, stride, padding
DISCRIMINATOR = [(64, 4, 2, 1), (128, 4, 2, 1), (256, 3, 2, 0), (1, 3, 1, 0)]
LR, BETA1, SLOPE = 2e-4, 0.5, 0.2


class Jax:
    def __init__(self, bf16, xla):
        import jax
        import jax.numpy as np
        import optax

        self.jax, self.np, self.optax, self.version = jax, np, optax, jax.__version__
        self.type = np.bfloat16 if bf16 else np.float32
        self.adam = optax.adam(LR, b1=BETA1)
        self.key = jax.random.key(0)
        g, d = self.parameters(GENERATOR, NOISE + CLASSES), self.parameters(DISCRIMINATOR, 1 + CLASSES)
        self.state = (g, d, self.adam.init(g[0]), self.adam.init(d[0]))
        self.update = jax.jit(self.step, donate_argnums=0)

    def parameters(self, layers, channels):
        weights, statistics = [], []
        for i, (out, kernel, _, _) in enumerate(layers):
            self.key, key = self.jax.random.split(self.key)
            w = 0.02 * self.jax.random.normal(key, (kernel, kernel, channels, out))
            weights.append({"w": w, "b": self.np.zeros(out), "scale": self.np.ones(out), "shift": self.np.zeros(out)})
            statistics.append((self.np.zeros(out), self.np.ones(out)))
            channels = out
        return weights, statistics

    def conv(self, x, layer, weight, transposed):
        _, kernel, stride, padding = layer
        x, w = x.astype(self.type), weight["w"].astype(self.type)
        names = ("NHWC", "HWIO", "NHWC")
        if transposed:
            beside = kernel - 1 - padding
            y = self.jax.lax.conv_transpose(x, w, (stride, stride), [(beside, beside)] * 2, dimension_numbers=names)
        else:
            y = self.jax.lax.conv_general_dilated(x, w, (stride, stride), [(padding, padding)] * 2, dimension_numbers=names)
        return y + weight["b"].astype(self.type)

    def norm(self, x, weight, statistics):
        wide = x.astype(self.np.float32)
        mean, var = wide.mean((0, 1, 2)), wide.var((0, 1, 2))
        y = (wide - mean) * self.jax.lax.rsqrt(var + 1e-5) * weight["scale"] + weight["shift"]
        return y.astype(self.type), tuple(0.9 * old + 0.1 * new for old, new in zip(statistics, (mean, var)))

    def generator(self, weights, statistics, z):
        after = list(statistics)
        for i, layer in enumerate(GENERATOR):
            z = self.conv(z, layer, weights[i], True)
            if i == len(GENERATOR) - 1:
                return self.np.tanh(z.astype(self.np.float32)), after
            z, after[i] = self.norm(z, weights[i], statistics[i])
            z = self.jax.nn.relu(z)

    def discriminator(self, weights, statistics, x):
        after = list(statistics)
        for i, layer in enumerate(DISCRIMINATOR):
            x = self.conv(x, layer, weights[i], False)
            if i == len(DISCRIMINATOR) - 1:
                return x.reshape(-1).astype(self.np.float32), after
            if i > 0:
                x, after[i] = self.norm(x, weights[i], statistics[i])
            x = self.jax.nn.leaky_relu(x, SLOPE)

    def with_planes(self, image, label):
        onehot = self.jax.nn.one_hot(label, CLASSES)[:, None, None, :]
        return self.np.concatenate([image, self.np.broadcast_to(onehot, (*image.shape[:3], CLASSES))], -1)

    def bce(self, logits, target):
        return self.optax.sigmoid_binary_cross_entropy(logits, self.np.full_like(logits, target)).mean()

    def step(self, state, key, image, label):
        (g, g_statistics), (d, d_statistics), adam_g, adam_d = state
        of_noise, of_label = self.jax.random.split(key)
        n = image.shape[0]
        fake_label = self.jax.random.randint(of_label, (n,), 0, CLASSES)
        onehot = self.jax.nn.one_hot(fake_label, CLASSES)[:, None, None, :]
        z = self.np.concatenate([self.jax.random.normal(of_noise, (n, 1, 1, NOISE)), onehot], -1)
        drawn, back, g_statistics = self.jax.vjp(lambda g: self.generator(g, g_statistics, z), g, has_aux=True)

        def loss_d(d):
            real, statistics = self.discriminator(d, d_statistics, self.with_planes(image, label))
            fake, statistics = self.discriminator(d, statistics, self.with_planes(drawn, fake_label))
            return self.bce(real, 1) + self.bce(fake, 0), statistics

        (lost_d, d_statistics), grads = self.jax.value_and_grad(loss_d, has_aux=True)(d)
        change, adam_d = self.adam.update(grads, adam_d)
        d = self.optax.apply_updates(d, change)

        def loss_g(drawn):
            fake, statistics = self.discriminator(d, d_statistics, self.with_planes(drawn, fake_label))
            return self.bce(fake, 1), statistics

        (lost_g, d_statistics), grad = self.jax.value_and_grad(loss_g, has_aux=True)(drawn)
        change, adam_g = self.adam.update(back(grad)[0], adam_g)
        g = self.optax.apply_updates(g, change)
        return ((g, g_statistics), (d, d_statistics), adam_g, adam_d), lost_d, lost_g

    def train(self, image, label):
        self.key, key = self.jax.random.split(self.key)
        self.state, lost_d, lost_g = self.update(self.state, key, image, label)
        return float(lost_d), float(lost_g)


class TensorFlow:
    def __init__(self, bf16, xla):
        import tensorflow as tf

        self.tf, self.version = tf, tf.__version__
        if bf16:
            tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
        self.g = self.network(GENERATOR, (1, 1, NOISE + CLASSES), True)
        self.d = self.network(DISCRIMINATOR, (SIZE, SIZE, 1 + CLASSES), False)
        self.adam_g, self.adam_d = (tf.keras.optimizers.Adam(LR, beta_1=BETA1, epsilon=1e-8) for _ in range(2))
        self.adam_g.build(self.g.trainable_variables)
        self.adam_d.build(self.d.trainable_variables)
        self.bce = tf.keras.losses.BinaryCrossentropy(from_logits=True)
        self.update = tf.function(self.step, jit_compile=xla)

    def network(self, layers, shape, transposed):
        keras = self.tf.keras
        conv = keras.layers.Conv2DTranspose if transposed else keras.layers.Conv2D
        all = [keras.Input(shape)]
        for i, (out, kernel, stride, padding) in enumerate(layers):
            all.append(conv(out, kernel, stride, padding="same" if padding else "valid"))
            if i == len(layers) - 1:
                all.append(keras.layers.Activation("tanh" if transposed else "linear", dtype="float32"))
                continue
            if transposed or i > 0:
                all.append(keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
            all.append(keras.layers.ReLU() if transposed else keras.layers.LeakyReLU(negative_slope=SLOPE))
        return keras.Sequential(all)

    def with_planes(self, image, label):
        onehot = self.tf.one_hot(label, CLASSES)[:, None, None, :]
        return self.tf.concat([image, self.tf.broadcast_to(onehot, (image.shape[0], SIZE, SIZE, CLASSES))], -1)

    def step(self, image, label):
        tf = self.tf
        n = image.shape[0]
        fake_label = tf.random.uniform((n,), 0, CLASSES, tf.int32)
        z = tf.concat([tf.random.normal((n, 1, 1, NOISE)), tf.one_hot(fake_label, CLASSES)[:, None, None, :]], -1)
        ones, zeros = tf.ones((n, 1)), tf.zeros((n, 1))
        score = lambda x: tf.reshape(self.d(x, training=True), (n, 1))
        with tf.GradientTape() as of_g:
            drawn = self.g(z, training=True)
            with tf.GradientTape() as of_d:
                real = score(self.with_planes(image, label))
                fake = score(self.with_planes(tf.stop_gradient(drawn), fake_label))
                lost_d = self.bce(ones, real) + self.bce(zeros, fake)
            grads = of_d.gradient(lost_d, self.d.trainable_variables)
            self.adam_d.apply_gradients(zip(grads, self.d.trainable_variables))
            lost_g = self.bce(ones, score(self.with_planes(drawn, fake_label)))
        grads = of_g.gradient(lost_g, self.g.trainable_variables)
        self.adam_g.apply_gradients(zip(grads, self.g.trainable_variables))
        return lost_d, lost_g

    def train(self, image, label):
        lost_d, lost_g = self.update(self.tf.constant(image), self.tf.constant(label))
        return float(lost_d), float(lost_g)


def processors(count):
    """Some processors, no two of one core before each core has one."""
    cores = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        with open(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") as f:
            cores.setdefault(f.read(), []).append(cpu)
    by_turn = sorted((i, cpu) for core in cores.values() for i, cpu in enumerate(core))
    return {cpu for _, cpu in by_turn[:count]}


def main(warmup=5):
    parser = argparse.ArgumentParser()
    parser.add_argument("framework", choices=["jax", "tensorflow"])
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--xla", action="store_true", help="compile by XLA, which JAX always does")
    args = parser.parse_args()
    if args.threads < len(os.sched_getaffinity(0)):  # JAX takes a thread for each processor
        os.sched_setaffinity(0, processors(args.threads))
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(args.threads)
    import numpy

    trainer = {"jax": Jax, "tensorflow": TensorFlow}[args.framework](args.bf16, args.xla)
    random = numpy.random.default_rng(0)
    images = random.uniform(-1, 1, (8, args.batch, SIZE, SIZE, 1)).astype("float32")
    labels = random.integers(0, CLASSES, (8, args.batch)).astype("int32")
    times = []
    for i in range(args.steps + warmup):
        start = time.perf_counter()
        losses = trainer.train(images[i % 8], labels[i % 8])
        times.append(time.perf_counter() - start)
        assert all(0 < loss < 20 for loss in losses), losses
    times = sorted(times[warmup:])
    print(json.dumps({
        "torch": f"{args.framework} {trainer.version}",
        "batch": args.batch,
        "step_ms_min": times[0] * 1e3,
        "step_ms_median": times[len(times) // 2] * 1e3,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


main()
