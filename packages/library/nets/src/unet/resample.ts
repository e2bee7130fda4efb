import {
  avgPool2d,
  Buffer,
  convTranspose2d,
  nn,
  type Tensor,
  tensor,
  upsampleNearest2d,
} from "@dsbm/torch";
import type { Padded } from "./layers.js";

/** Means over 2×2 pixels. */
export const halveSides = (x: Tensor): Tensor => avgPool2d(x, 2);

/** Every pixel repeated 2×2. */
export function doubleSides(x: Tensor): Tensor {
  const sides = [2 * x.size(2), 2 * x.size(3)];
  return upsampleNearest2d(x, sides, { scalesH: 2, scalesW: 2 });
}

// Along one side, output pixel 2i + u − 1 depends on input pixel i through these weights.
const sideWeights = [
  [0, 0, 1],
  [0, 1, 1],
  [1, 1, 0],
  [1, 0, 0],
];

/**
 * A 3×3 convolution of the image with pixels repeated 2×2, [B, from, H, W] → [B, to, 2H, 2W], as a transposed
 * convolution of stride 2 whose 4×4 kernel holds sums: 16 products instead of 36.
 */
export class DoubledConv2d extends nn.Conv2d {
  /** The matrix from the 9 weights of a kernel to its 16 sums. */
  readonly sums: Buffer;

  constructor(from: number, to: number, start: Padded = {}) {
    super(from, to, 3, { padding: 1, ...start });
    const flat = [0, 1, 2].flatMap((i) =>
      [0, 1, 2].map((j) =>
        sideWeights.flatMap((row) => sideWeights.map((col) => row[i]! * col[j]!)),
      ),
    );
    this.sums = new Buffer(tensor(flat), false);
  }

  override forward(x: Tensor): Tensor {
    const [to, from] = this.weight.shape as [number, number];
    const make = () => this.weight.reshape([to * from, 9]).matmul(this.sums);
    const kernel = nn.standingOf(this, "doubled", make) ?? make();
    const { x: wide } = this.padded(x);
    return convTranspose2d(wide, kernel.reshape([to, from, 4, 4]).transpose(0, 1), {
      bias: this.bias,
      stride: 2,
      // Pixels added at the edges are two in the result.
      padding: 1 + wide.size(2) - x.size(2),
    });
  }
}

/** Options of layers that halve or double the sides. */
export interface ResampleOptions extends Padded {
  /** Whether a learned convolution halves or doubles, instead of means or repeated pixels alone. */
  conv: boolean;
  /** Channels of the result (default: the input's). */
  to?: number;
}

/** [B, C, H, W] → [B, to, H/2, W/2]. */
export class Downsample extends nn.Module {
  op: nn.Conv2d | null;
  constructor(channels: number, { conv, to = channels, ...start }: ResampleOptions) {
    super();
    this.op = conv ? new nn.Conv2d(channels, to, 3, { stride: 2, padding: 1, ...start }) : null;
  }
  forward(x: Tensor): Tensor {
    return this.op ? this.op.forward(x) : halveSides(x);
  }
}

/** [B, C, H, W] → [B, to, 2H, 2W]. */
export class Upsample extends nn.Module {
  conv: DoubledConv2d | null;
  constructor(channels: number, { conv, to = channels, ...start }: ResampleOptions) {
    super();
    this.conv = conv ? new DoubledConv2d(channels, to, start) : null;
  }
  forward(x: Tensor): Tensor {
    return this.conv ? this.conv.forward(x) : doubleSides(x);
  }
}
