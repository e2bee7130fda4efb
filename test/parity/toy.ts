// The golden files' toy network: a convolution times a factor of the time.
import { nn, type Tensor } from "@dsbm/torch";
import { golden } from "./golden.js";

/** conv(x)·(1 + rate·t), with the convolution of a golden file. */
export class Toy extends nn.Module {
  conv: nn.Conv2d;
  constructor(
    file: string,
    readonly rate: number,
  ) {
    super();
    const g = golden(file);
    const [out, input, size] = g("conv/weight").shape;
    this.conv = new nn.Conv2d(input, out, size, { padding: (size - 1) / 2 });
    this.conv.loadStateDict(new Map(["weight", "bias"].map((name) => [name, g(`conv/${name}`)])));
  }
  forward(x: Tensor, t: Tensor): Tensor {
    return this.conv.forward(x).mul(t.mul(this.rate).add(1).reshape([-1, 1, 1, 1]));
  }
}
