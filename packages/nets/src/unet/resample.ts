// Halving and doubling the resolution, with a convolution or without.
import { nn, type Tensor } from "@dsbm/torch";
import { DoubledConv2d } from "./doubled-conv.js";
import type { Padded, Seeded } from "./layers.js";

export interface ResampleOptions extends Seeded, Padded {
  /** Whether a convolution is part of it. */
  conv: boolean;
  /** Channels that the convolution makes (default: as many as there are). */
  to?: number;
}

const half = new nn.AvgPool2d(2);

/** x [B, C, H, W] at half the resolution: means over 2×2 pixels. */
export function halved(x: Tensor): Tensor {
  return half.forward(x);
}

/** x [B, C, H, W] at twice the resolution: every pixel four times. */
export function doubled(x: Tensor): Tensor {
  return nn.interpolate(x, { scaleFactor: 2 });
}

/** [B, C, H, W] → [B, to, H/2, W/2]: a convolution of stride 2 (`op`), or means. */
export class Downsample extends nn.Module {
  op: nn.Conv2d | nn.AvgPool2d;
  constructor(channels: number, options: ResampleOptions) {
    super();
    const { conv, to = channels, generator, paddingMode = "zeros" } = options;
    this.op = conv
      ? new nn.Conv2d(channels, to, 3, { stride: 2, padding: 1, paddingMode, generator })
      : half;
  }
  forward(x: Tensor): Tensor {
    return this.op.forward(x);
  }
}

/** [B, C, H, W] → [B, to, 2H, 2W]: pixels repeated, and a convolution (`conv`) where asked for. */
export class Upsample extends nn.Module {
  conv: DoubledConv2d | null;
  constructor(channels: number, { conv, to = channels, ...start }: ResampleOptions) {
    super();
    this.conv = conv ? new DoubledConv2d(channels, to, start) : null;
  }
  forward(x: Tensor): Tensor {
    return this.conv ? this.conv.forward(x) : doubled(x);
  }
}
