"""The UNet of the image benchmarks in plain eager PyTorch, after guided-diffusion (Dhariwal & Nichol 2021).

The same network as dsbm's model=UNET at 28 x 28: 6.6 million parameters. Written as a competent user would:
library modules, in-place nothing, attention through scaled_dot_product_attention, fused Adam, foreach EMA.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

CHANNELS, MULT, BLOCKS, HEADS, DROPOUT, TEMB_SCALE = 128, (0.5, 1, 1), 2, 4, 0.1, 1000
IMAGES, IMAGE, SAMPLER_STEPS, GAMMA, RATE, EPS = 32, 28, 30, 0.034, 1e-4, 1e-4
# Steps of the simulation that makes a process warm.
WARM_STEPS = 3


def zeroed(module):
    for p in module.parameters():
        nn.init.zeros_(p)
    return module


class ResBlock(nn.Module):
    def __init__(self, c_in, c_out, c_emb):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, c_in), nn.Conv2d(c_in, c_out, 3, padding=1)
        self.emb = nn.Linear(c_emb, 2 * c_out)
        self.norm2, self.dropout = nn.GroupNorm(32, c_out), nn.Dropout(DROPOUT)
        self.conv2 = zeroed(nn.Conv2d(c_out, c_out, 3, padding=1))
        self.skip = nn.Identity() if c_in == c_out else nn.Conv2d(c_in, c_out, 1)

    def forward(self, x, emb):
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.emb(F.silu(emb))[:, :, None, None].chunk(2, dim=1)
        h = self.norm2(h) * (1 + scale) + shift
        return self.skip(x) + self.conv2(self.dropout(F.silu(h)))


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm, self.qkv = nn.GroupNorm(32, c), nn.Conv1d(c, 3 * c, 1)
        self.out = zeroed(nn.Conv1d(c, c, 1))

    def forward(self, x):
        b, c, h, w = x.shape
        flat = x.reshape(b, c, h * w)
        q, k, v = self.qkv(self.norm(flat)).reshape(b, HEADS, 3 * c // HEADS, h * w).chunk(3, dim=2)
        a = F.scaled_dot_product_attention(q.transpose(2, 3), k.transpose(2, 3), v.transpose(2, 3))
        return (flat + self.out(a.transpose(2, 3).reshape(b, c, h * w))).reshape(b, c, h, w)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [int(m * CHANNELS) for m in MULT]
        c, c_emb = widths[0], 4 * widths[0]
        self.c_time = c
        self.time = nn.Sequential(nn.Linear(c, c_emb), nn.SiLU(), nn.Linear(c_emb, c_emb))
        self.first = nn.Conv2d(1, c, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        skips = [c]
        for level, width in enumerate(widths):
            for _ in range(BLOCKS):
                self.down.append(ResBlock(c, width, c_emb))
                c = width
                skips.append(c)
            if level + 1 < len(widths):
                self.down.append(nn.Conv2d(c, c, 3, stride=2, padding=1))
                skips.append(c)
        self.middle = nn.ModuleList([ResBlock(c, c, c_emb), Attention(c), ResBlock(c, c, c_emb)])
        for level, width in reversed(list(enumerate(widths))):
            for i in range(BLOCKS + 1):
                self.up.append(ResBlock(c + skips.pop(), width, c_emb))
                c = width
                if level > 0 and i == BLOCKS:
                    self.up.append(nn.Conv2d(c, c, 3, padding=1))
        self.out = nn.Sequential(
            nn.GroupNorm(32, c), nn.SiLU(), zeroed(nn.Conv2d(c, 1, 3, padding=1))
        )
        half = self.c_time // 2
        waves = torch.exp(-math.log(10000) * torch.arange(half) / (half - 1))
        self.register_buffer("waves", waves, persistent=False)

    def forward(self, x, t):
        angles = (t.reshape(-1, 1) * TEMB_SCALE + 1) * self.waves
        emb = self.time(torch.cat([angles.cos(), angles.sin()], dim=1))
        h = self.first(x)
        skips = [h]
        for module in self.down:
            h = module(h, emb) if isinstance(module, ResBlock) else module(h)
            skips.append(h)
        first, attention, last = self.middle
        h = last(attention(first(h, emb)), emb)
        for module in self.up:
            if isinstance(module, ResBlock):
                h = module(torch.cat([h, skips.pop()], dim=1), emb)
            else:
                h = module(F.interpolate(h, scale_factor=2, mode="nearest"))
        return self.out(h)


def unet_step(ranks=None):
    """A training step of the image trainer: bridge, drift loss scaled, clipping, Adam, EMA, NaN check.

    With ranks each has its share of the IMAGES."""
    net = UNet().train()
    images = IMAGES // (ranks.size if ranks else 1)
    assert 6.5e6 < sum(p.numel() for p in net.parameters()) < 6.7e6
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE, fused=True)
    params = list(net.parameters())
    shadow = [p.detach().clone() for p in params]
    sigma = math.sqrt(GAMMA * SAMPLER_STEPS)
    x0, x1 = (torch.rand(images, 1, IMAGE, IMAGE) * 2 - 1 for _ in range(2))
    model = ranks.parallel(net) if ranks else net

    def step():
        half = images // 2
        t = (torch.arange(half) + torch.rand(half)) * ((1 - 2 * EPS) / half) + EPS
        z = torch.randn(half, *x0.shape[1:])
        t, z = torch.cat([t, t]).reshape(-1, 1, 1, 1), torch.cat([z, -z])
        x_t = (1 - t) * x0 + t * x1 + sigma * torch.sqrt(t * (1 - t)) * z
        target = x1 - x0 - sigma * torch.sqrt(t / (1 - t)) * z
        scale = sigma * torch.sqrt(1 - t)
        loss = F.mse_loss(model(x_t, t) * scale, target * scale)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(shadow, params, 0.001)
        if torch.isnan(loss):
            raise FloatingPointError("the loss is NaN")

    return repeat(step), 1


def unet_forward():
    net = UNet().eval()
    x, t = torch.randn(IMAGES, 1, IMAGE, IMAGE), torch.rand(IMAGES)

    @torch.no_grad()
    def forward():
        net(x, t)

    return repeat(forward), 1


def unet_simulation():
    """Images through SAMPLER_STEPS Euler-Maruyama steps, the last one without noise."""
    net = UNet().eval()
    sigma, dt = math.sqrt(GAMMA * SAMPLER_STEPS), 1 / SAMPLER_STEPS
    start = torch.rand(IMAGES, 1, IMAGE, IMAGE) * 2 - 1

    @torch.no_grad()
    def simulate(steps=SAMPLER_STEPS):
        x = start
        for k in range(steps):
            x = x + net(x, torch.full((IMAGES,), k * dt)) * dt
            if k < SAMPLER_STEPS - 1:
                x = x + sigma * math.sqrt(dt) * torch.randn_like(x)

    def run(reps):
        for _ in range(reps):
            simulate()
        if reps == 0:
            simulate(WARM_STEPS)

    return run, 0


def layer_pass(layer, channels=64, layout=torch.channels_last):
    """A layer and its gradients on IMAGES pictures, in the layout that is faster here."""
    layer = layer.to(memory_format=layout)
    x = torch.randn(IMAGES, channels, IMAGE, IMAGE).to(memory_format=layout)
    x.requires_grad_()

    def once():
        torch.autograd.grad(layer(x).sum(), [x, *layer.parameters()])

    return repeat(once), 2


def norm_pass(groups, channels):
    layer = nn.Sequential(nn.GroupNorm(groups, channels), nn.SiLU())
    return layer_pass(layer, channels, torch.contiguous_format)


KERNELS = {
    "conv3x3": lambda: layer_pass(nn.Conv2d(64, 64, 3, padding=1)),
    "norm_silu": lambda: norm_pass(32, 64),
    "conv3x3_few": lambda: layer_pass(nn.Conv2d(16, 16, 3, padding=1), 16),
    "norm_silu_few": lambda: norm_pass(8, 8),
}


def repeat(once):
    def run(reps):
        for _ in range(reps):
            once()

    return run


BENCHES = {
    "unet_step": unet_step,
    "unet_forward": unet_forward,
    "unet_simulation": unet_simulation,
}
