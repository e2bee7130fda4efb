// Doubling the resolution and convolving, in one: what a UNet does on its way up.
import { Buffer, convTranspose2d, nn, type Tensor, tensor } from "@dsbm/torch";
import type { Padded, Seeded } from "./layers.js";

// Along one side, output pixel 2i + u − 1 sees input pixel i through these weights of the kernel.
const along = [
  [0, 0, 1],
  [0, 1, 1],
  [1, 1, 0],
  [1, 0, 0],
];

/**
 * A 3×3 convolution of the image with every pixel repeated 2×2: [B, from, H, W] → [B, to, 2H, 2W]; parameters of
 * Conv2d. The repeated pixels need not be made: a transposed convolution of stride 2 whose 4×4 kernel holds sums of
 * the 3×3 weights gives the same with 16 products for 36.
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
    const kernel = this.weight.reshape([to * from, 9]).matmul(this.sums);
    const { x: wide } = this.padded(x);
    return convTranspose2d(wide, kernel.reshape([to, from, 4, 4]).transpose(0, 1), {
      bias: this.bias,
      stride: 2,
      // What stands beyond the edges already is twice as fine in the result, and cut off again.
      padding: 1 + wide.size(2) - x.size(2),
    });
  }
}
