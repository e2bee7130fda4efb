"""Optimal transport between samples of two Gaussians by POT (Flamary et al. 2021), where it is installed (python3-pot)."""

import numpy as np

DIM, REG = 5, 2.0

# Pairs of samples that are solved in turn, as on the other side.
PAIRS = 8


def clouds(n):
    rng = np.random.default_rng(0)
    return [[rng.standard_normal((n, DIM)) + mean for mean in (-0.1, 0.1)] for _ in range(PAIRS)]


def pot():
    try:
        import ot
    except ImportError as error:
        raise RuntimeError("POT is not installed: skipped (apt-get install python3-pot)") from error
    return ot


def plan(n, solve):
    """A benchmark that makes plans between n points of equal weights, with the costs."""

    def make():
        ot = pot()
        pairs, weights = clouds(n), np.full(n, 1 / n)

        def run(reps):
            for i in range(reps):
                solve(ot, weights, ot.dist(*pairs[i % PAIRS]))

        return run, 1

    return make


def sinkhorn(ot, weights, cost):
    ot.sinkhorn(weights, weights, cost, REG, stopThr=1e-9, numItermax=20_000)


def exact(ot, weights, cost):
    ot.emd(weights, weights, cost, numItermax=10_000_000)


BENCHES = {
    f"{name}_{n}": plan(n, solve)
    for name, solve in {"sinkhorn": sinkhorn, "exact_ot": exact}.items()
    for n in (128, 1024, 4096)
}
