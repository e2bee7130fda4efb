"""PyTorch's side of the benchmark: plain eager code, as a competent user would write it.

Speaks JSON, one object a line, over stdin and stdout; bench.mjs drives it beside ours.mjs.
Nothing here is tuned against us: library defaults, no_grad where nothing is learned, gradients set
to None, the fastest Adam that this build has on a CPU (see ADAM).
"""

import functools
import json
import math
import os
import sys
import time

import pytorch_ddp
import pytorch_ot
import pytorch_truth
import pytorch_unet
import torch
from torch import nn

PAIRS, BATCH, STEPS, SIGMA, EPS, RATE = 10_000, 128, 20, 1.0, 1e-3, 1e-4

# Where both sides work.
DEVICE = os.environ.get("BENCH_DEVICE", "cpu")

# The fastest of fused, foreach and plain loop with Debian's 2.6 on a CPU.
ADAM = {"fused": True}


class MLP(nn.Module):
    """Drift network on concat(x, t): [batch, dim] and [batch, 1] to [batch, dim]."""

    def __init__(self, dim, width):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(dim + 1, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, dim),
        )

    def forward(self, x, t):
        return self.net(torch.cat([x, t], dim=1))


def gaussian_pairs(dim):
    """Independent pairs of the Gaussian benchmark: N(-0.1, I) and N(0.1, I), each [PAIRS, dim]."""
    return torch.randn(PAIRS, dim) - 0.1, torch.randn(PAIRS, dim) + 0.1


def bridge(x0, x1, backward):
    """Draws t and z as dsbm does (strata, each time twice, with opposite noise; same count of random
    numbers); returns t, x_t and the drift target of the Brownian bridge (Shi et al. 2023)."""
    half = x0.shape[0] // 2
    t = (torch.arange(half).unsqueeze(1) + torch.rand(half, 1)) * ((1 - 2 * EPS) / half) + EPS
    z = torch.randn(half, x0.shape[1])
    t, z = torch.cat([t, t]), torch.cat([z, -z])
    x_t = (1 - t) * x0 + t * x1 + SIGMA * torch.sqrt(t * (1 - t)) * z
    if backward:
        target = x0 - x1 - SIGMA * torch.sqrt((1 - t) / t) * z
    else:
        target = x1 - x0 - SIGMA * torch.sqrt(t / (1 - t)) * z
    return t, x_t, target


def train_step(net, optimizer, x0, x1, backward):
    t, x_t, target = bridge(x0, x1, backward)
    loss = (net(x_t, t) - target).pow(2).sum(dim=1).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if torch.isnan(loss):
        raise FloatingPointError("the loss is NaN")


@torch.no_grad()
def simulate(net, x, backward):
    """Euler-Maruyama over STEPS steps, noise at each: forward from t = 0 or backward from t = 1."""
    dt = 1 / STEPS
    for k in range(STEPS):
        t = torch.full((x.shape[0], 1), 1 - k * dt if backward else k * dt)
        x = x + net(x, t) * dt + SIGMA * math.sqrt(dt) * torch.randn_like(x)
    return x


def batches(x0, x1):
    """One shuffled epoch of [BATCH, dim] pairs; the last incomplete batch is dropped."""
    order = torch.randperm(PAIRS)
    for k in range(PAIRS // BATCH):
        index = order[k * BATCH : (k + 1) * BATCH]
        yield x0[index], x1[index]


def op_overhead():
    one = torch.ones(8)

    def run(reps):
        with torch.no_grad():
            for _ in range(reps):
                x = torch.zeros(8)
                for _ in range(1000):
                    x = x + one

    return run, 20


def mlp_step(dim, width):
    net = MLP(dim, width)
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, **ADAM)
    x0, x1 = gaussian_pairs(dim)

    def run(reps):
        done = 0
        while done < reps:
            for pair in batches(x0, x1):
                train_step(net, optimizer, *pair, backward=False)
                done += 1
                if done == reps:
                    break

    return run, 100


def adam_step():
    """Adam and then the average of the weights: fused, and torch._foreach_lerp_, as optimize_ema does."""
    net = MLP(50, 256)
    params = list(net.parameters())
    optimizer = torch.optim.Adam(params, lr=RATE, **ADAM)
    shadow = [p.detach().clone() for p in params]
    for p in params:
        p.grad = p.detach().clone()

    @torch.no_grad()
    def run(reps):
        for _ in range(reps):
            optimizer.step()
            torch._foreach_lerp_(shadow, params, 1 - 0.999)

    return run, 100


def simulate_mlp():
    net = MLP(50, 256)
    x1 = gaussian_pairs(50)[1]

    def run(reps):
        for _ in range(reps):
            simulate(net, x1, backward=True)

    return run, 1


def half_iteration(dim, width, steps=1000, cast=False):
    """Trains the backward net on pairs that the forward net simulates anew at every epoch."""
    net_f, net_b = MLP(dim, width), MLP(dim, width)
    x0 = gaussian_pairs(dim)[0]

    def once():
        optimizer = torch.optim.Adam(net_b.parameters(), lr=RATE, **ADAM)
        done = 0
        while done < steps:
            with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=cast):
                x1 = simulate(net_f, x0, backward=False)
            for pair in batches(x0, x1):
                train_step(net_b, optimizer, *pair, backward=True)
                done += 1
                if done == steps:
                    break

    def run(reps):
        for _ in range(reps):
            once()

    return run, 0


def warm_half_iteration(dim, width, cast=False):
    half_iteration(dim, width, 20, cast)[0](1)
    return half_iteration(dim, width, cast=cast)


def ddp_half_iteration(dim=50, width=256, steps=1000):
    """half_iteration in ranks: each simulates its share, gathers, and trains on its part of every batch."""
    ranks = pytorch_ddp.join()
    net_f, net_b = MLP(dim, width), ranks.parallel(MLP(dim, width))
    x0 = gaussian_pairs(dim)[0]
    own = ranks.part(PAIRS)
    generator = torch.Generator().manual_seed(1)  # the same order on all ranks

    def once(steps):
        optimizer = torch.optim.Adam(net_b.parameters(), lr=RATE, **ADAM)
        done = 0
        while done < steps:
            x1 = ranks.gather(simulate(net_f, x0[own], backward=False))
            order = torch.randperm(PAIRS, generator=generator)
            for k in range(PAIRS // BATCH):
                index = order[k * BATCH : (k + 1) * BATCH][ranks.part(BATCH)]
                train_step(net_b, optimizer, x0[index], x1[index], backward=True)
                done += 1
                if done == steps:
                    break

    def run(reps):
        for _ in range(reps):
            once(steps)

    once(20)
    return run, 0


def in_bfloat16(make):
    """The benchmark with its networks in PyTorch's autocast."""

    def made():
        run, warm = make()

        def cast(reps):
            with torch.autocast(DEVICE, dtype=torch.bfloat16):
                run(reps)

        return cast, warm

    return made


MLP_BENCHES = {
    "mlp_step_d5": lambda: mlp_step(5, 128),
    "mlp_step_d50": lambda: mlp_step(50, 256),
    "simulate_mlp": simulate_mlp,
}
BENCHES = {
    "op_overhead": op_overhead,
    **MLP_BENCHES,
    **{f"{name}_bf16": in_bfloat16(make) for name, make in {**MLP_BENCHES, **pytorch_unet.BENCHES}.items()},
    **pytorch_ot.BENCHES,
    **{
        f"truth_d{dim}": functools.partial(pytorch_truth.truth, sys.modules[__name__], dim)
        for dim in (5, 20, 50)
    },
    "half_iteration_d5": lambda: warm_half_iteration(5, 128),
    "half_iteration_d50": lambda: warm_half_iteration(50, 256),
    "half_iteration_d5_few": lambda: warm_half_iteration(5, 128),
    "half_iteration_d50_few": lambda: warm_half_iteration(50, 256),
    "half_iteration_d5_bf16": lambda: warm_half_iteration(5, 128, cast=True),
    "half_iteration_d50_bf16": lambda: warm_half_iteration(50, 256, cast=True),
    "adam_step": adam_step,
    **pytorch_unet.BENCHES,
    **pytorch_unet.KERNELS,
    "ddp_unet": lambda: pytorch_unet.unet_step(pytorch_ddp.join()),
    "ddp_mlp": ddp_half_iteration,
}


def memory():
    """Resident memory now and at its highest, in MB, of this whole process."""
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return {
        "rss_mb": int(fields["VmRSS"].split()[0]) / 1024,
        "peak_mb": int(fields["VmHWM"].split()[0]) / 1024,
    }


def blas():
    """The BLAS library that this process has really loaded."""
    with open("/proc/self/maps") as maps:
        files = {line.split()[-1] for line in maps if "blas" in line}
    return sorted(files)


def setup(request):
    """Builds the benchmark and runs it for a moment, so that `run` finds a warm process."""
    torch.manual_seed(int(os.environ.get("RANK", "0")))
    torch.set_num_threads(request["threads"])
    if DEVICE != "cpu":
        torch.set_default_device(DEVICE)
    if request["bench"] not in BENCHES:
        raise ValueError(f"no benchmark {request['bench']!r}: expected one of {', '.join(BENCHES)}")
    run, warm = BENCHES[request["bench"]]()
    run(warm)
    return run, {"ok": True, "version": torch.__version__, "blas": blas()}


def main():
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["cmd"] == "setup":
                run, reply = setup(request)
            elif request["cmd"] == "memory":
                reply = memory()
            else:
                start = time.perf_counter()
                own = run(request["reps"])
                if DEVICE != "cpu":
                    torch.cuda.synchronize()
                reply = {"seconds": time.perf_counter() - start, **(own or {}), **memory()}
        except Exception as error:  # the other side of the pipe decides what to do about it
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
