// A network of your own: Fourier features of the time, a gate for each block. `Training` takes any module.
import { brownian, methods, uniformGrid } from "dsbm/bridge";
import { loadTable } from "dsbm/data";
import { cat, Generator, nn, type Tensor, tensor } from "dsbm/torch";
import { Training } from "dsbm/train";

const n = 2000;
const steps = 2000;

class GatedNetwork extends nn.Module {
  readonly first: nn.Linear;
  readonly gate: nn.Linear;
  readonly last: nn.Linear;

  constructor(dim: number, width = 128) {
    super();
    this.first = new nn.Linear(dim + 2, width);
    this.gate = new nn.Linear(dim + 2, width);
    this.last = new nn.Linear(width, dim);
  }

  /** The drift at points x [B, dim] and times t [B]. */
  forward(x: Tensor, t: Tensor): Tensor {
    const angle = t.mul(Math.PI).unsqueeze(1);
    const inputs = cat([x, angle.cos(), angle.sin()], { dim: 1 });
    const hidden = this.first.forward(inputs).tanh().mul(this.gate.forward(inputs).sigmoid());
    return this.last.forward(hidden);
  }
}

const draw = (name: string) => loadTable(name, { split: "train", n }).x;
const training = new Training({
  data: { x0: draw("normal"), x1: draw("moons") },
  process: brownian({ sigma: 1 }),
  method: { method: methods.dsbm, network: () => new GatedNetwork(2), firstCoupling: "ind" },
  schedule: { grid: uniformGrid(20), halfIterations: 4, steps },
  seed: 1,
});
for await (const event of training.run())
  if (event.type === "step" && event.step % 500 === 0) console.log(event.step, event.loss);

const start = tensor([[0.5, -1]]);
const end = training.sampler.simulate("f", start, { generator: Generator.create(1) });
console.log(end.toNumbers());
training.dispose();
