"""The figures of figures.go once more, by other means: NumPy in float64 and SciPy, each from its definition.

    python figures.py features.npz    prints them as JSON

features.npz holds real, other, held_out and drawn, features [N, 128] of real training images, as many others, images that nobody has
trained on, and drawn ones; real_asked, drawn_asked and drawn_read [N], classes; and classes, how many there are.
"""

import json
import sys

import numpy as np
from scipy import linalg, spatial, stats

K = 5  # neighbours


def frechet(a, b):
    """Heusel et al. 2017, arXiv:1706.08500: the distance of two Gaussians, by the root of the product of their covariances."""
    apart = a.mean(0) - b.mean(0)
    one, two = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    return float(apart @ apart + np.trace(one + two - 2 * linalg.sqrtm(one @ two).real))


def nth_nearest(features, n):
    """The distance of each to the n-th nearest of the others."""
    distances = spatial.distance.cdist(features, features)
    return np.partition(distances, n, axis=1)[:, n]  # number 0 is the image itself


def prdc(real, drawn):
    """Kynkaanniemi et al. 2019, arXiv:1904.06991, and Naeem et al. 2020, arXiv:2002.09797."""
    real_ball, drawn_ball = nth_nearest(real, K), nth_nearest(drawn, K)
    distances = spatial.distance.cdist(real, drawn)
    inside = distances < real_ball[:, None]  # [real, drawn]
    return {
        "precision": inside.any(0).mean(),
        "recall": (distances < drawn_ball).any(1).mean(),
        "density": inside.sum(0).mean() / K,
        "coverage": inside.any(1).mean(),
    }


def interval(share, n):
    """The 95 % interval of Clopper and Pearson."""
    return list(stats.binomtest(round(share * n), n).proportion_ci(0.95, "exact"))


def diversity(features, classes):
    """The mean squared distance of two images of a class, over the classes."""
    return np.mean([(spatial.distance.pdist(features[classes == c]) ** 2).mean() for c in np.unique(classes)])


def ratio(a, b):
    return max(a, 1e-9) / max(b, 1e-9)


def memorisation(drawn, held_out, real):
    """How near drawn and held-out images are to the nearest real ones."""
    own, unseen = (np.sort(spatial.distance.cdist(x, real).min(1)) for x in (drawn, held_out))
    bound = unseen[len(unseen) // 100]
    return {
        "share": (own < bound).mean(),
        "held_out": (unseen < bound).mean(),
        "median": ratio(own[len(own) // 2], unseen[len(unseen) // 2]),
    }


def consistency(asked, read, classes):
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (asked, read), 1)
    right = confusion.diagonal()
    return {"share": right.sum() / len(read), "classes": (right / confusion.sum(1)).tolist(), "confusion": confusion.tolist()}


def figures(f):
    real, other, held_out, drawn = (f[name].astype(np.float64) for name in ("real", "other", "held_out", "drawn"))
    classes = int(f["classes"][0])
    all = {"frechet": frechet(real, drawn), "frechet_floor": frechet(real, other), **prdc(real, drawn), "of_real": prdc(real, other)}
    all["consistency"] = consistency(f["drawn_asked"], f["drawn_read"], classes)
    all["diversity"] = ratio(diversity(drawn, f["drawn_asked"]), diversity(real, f["real_asked"]))
    all["memorisation"] = memorisation(drawn, held_out, real)
    all["intervals"] = {
        "consistency": interval(all["consistency"]["share"], len(drawn)),
        "precision": interval(all["precision"], len(drawn)),
        "recall": interval(all["recall"], len(real)),
        "coverage": interval(all["coverage"], len(real)),
        "memorisation": interval(all["memorisation"]["share"], len(drawn)),
    }
    return all


if __name__ == "__main__":
    json.dump(figures(np.load(sys.argv[1])), sys.stdout, default=float)
