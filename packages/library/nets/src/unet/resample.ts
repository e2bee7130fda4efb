// Halving and doubling the resolution.
import { Buffer, convTranspose2d, nn, type Tensor, tensor } from "@dsbm/torch";
import type { Padded, Seeded } from "./layers.js";

const half = new nn.AvgPool2d(2);

/** Means over 2×2 pixels. */
export function halved(x: Tensor): Tensor {
  return half.forward(x);
}

/** Every pixel repeated 2×2. */
export function doubled(x: Tensor): Tensor {
  return nn.interpolate(x, { scaleFactor: 2 });
}

// Along one side, output pixel 2i + u − 1 depends on input pixel i through these weights.
const along = [
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
  /** From the 9 weights of a kernel to its 16 sums. */
  readonly sums: Buffer;

  constructor(
    from: number,
    to: number,
    { generator, paddingMode = "zeros" }: Seeded & Padded = {},
  ) {
    super(from, to, 3, { padding: 1, paddingMode, generator });
    const flat = [0, 1, 2].flatMap((i) =>
      [0, 1, 2].map((j) => along.flatMap((row) => along.map((col) => row[i]! * col[j]!))),
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

export interface ResampleOptions extends Seeded, Padded {
  conv: boolean;
  /** Default: the input's. */
  to?: number;
}

/** [B, C, H, W] → [B, to, H/2, W/2]. */
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

/** [B, C, H, W] → [B, to, 2H, 2W]. */
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
