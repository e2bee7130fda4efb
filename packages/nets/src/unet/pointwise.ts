// Convolutions of a single pixel are products with a matrix: as such they take about half the time, most of all
// backwards, of the same thing asked for as a convolution.
import { nn, type Tensor } from "@dsbm/torch";

/** Of a convolution, or of what is one. */
export interface Pointwise {
  weight: Tensor;
  bias: Tensor | null;
}

/** W x + b for every column: weight [to, from, 1, …], bias [to], x [B, from, n] → [B, to, n]. */
export function columns({ weight, bias }: Pointwise, x: Tensor): Tensor {
  const [to, from] = weight.shape as [number, number];
  const matrix = weight.reshape([1, to, from]).expand([x.size(0), to, from]);
  return (bias as Tensor).reshape([1, to, 1]).baddbmm(matrix, x);
}

/** A 1×1 convolution with bias: [B, from, H, W] → [B, to, H, W]; parameters of Conv2d. */
export class PointwiseConv2d extends nn.Conv2d {
  constructor(from: number, to: number, options: Pick<nn.ConvOptions, "generator"> = {}) {
    super(from, to, 1, options);
  }
  override forward(x: Tensor): Tensor {
    const [n, from, ...size] = x.shape as [number, number, ...number[]];
    return columns(this, x.reshape([n, from, -1])).reshape([n, this.weight.size(0), ...size]);
  }
}
