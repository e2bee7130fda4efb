// Growth as a function of principal components.
import { Buffer, cat, type Generator, nn, type Tensor, zeros } from "@dsbm/torch";
import { subsample } from "../core/subsample.js";
import { splitMass } from "../coupling/growth.js";

const count = 50;
const width = 128;

/** Growth x [B, d + 1], t [B] → [B, 1]: of all of many columns, networks would learn few rows by heart. */
export class ComponentGrowth extends nn.Module {
  /** Leading principal axes, divided by the largest deviation: [d, 50]. */
  axes: Buffer;
  layers: nn.Linear[];
  constructor(d: number, generator: Generator) {
    super();
    this.axes = new Buffer(zeros([d, count]));
    this.layers = [count + 1, width, width].map(
      (inputs, i) => new nn.Linear(inputs, i < 2 ? width : 1, { generator }),
    );
  }

  /** Takes the axes of rows [n, d + 1]. */
  initialise(rows: Tensor): void {
    const { x } = splitMass(subsample(rows, "x", { most: 2048 }));
    const [, values, axes] = x.sub(x.mean(0)).linalgSvd({ fullMatrices: false });
    const least = Math.min(count, values.size(0));
    const scale = Math.sqrt(x.size(0)) / (values.select(0, 0).item() || 1);
    this.axes.narrow(1, 0, least).copy_(axes.narrow(0, 0, least).t().mul(scale));
  }

  forward(x: Tensor, t: Tensor): Tensor {
    const [first, second, last] = this.layers;
    const point = splitMass(x).x.mm(this.axes);
    return last.forward(second.silu(first.silu(cat([point, t.unsqueeze(1)], { dim: 1 }))));
  }
}
