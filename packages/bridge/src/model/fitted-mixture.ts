// The drift of a mixture potential that is fitted to samples once and stays as it is (Korotin et al. 2024, LightSB).
import {
  Buffer,
  enableGrad,
  type Generator,
  nn,
  noGrad,
  optim,
  randint,
  type Tensor,
  tidy,
  zeros,
} from "@dsbm/torch";
import { isOneTime } from "../core/one-time.js";
import { type MixtureNumbers, MixturePotential, mixtureDrift } from "./mixture-potential.js";

const steps = 3000;
const batch = 512;
const lr = 1e-2;

export class FittedMixture extends nn.Module {
  epsilon = new Buffer(zeros([]));
  readonly #spread: number;
  log_alpha: Buffer;
  log_S: Buffer;
  r: Buffer;

  constructor(shape: readonly number[], { components = 50, spread = 0.1 }: MixtureNumbers) {
    super();
    this.#spread = spread;
    this.log_alpha = new Buffer(zeros([components]));
    this.log_S = new Buffer(zeros([components, ...shape]));
    this.r = new Buffer(zeros([components, ...shape]));
  }

  fit({ start, end }: { start: Tensor; end: Tensor }, epsilon: number, generator: Generator): void {
    const components = this.log_alpha.size(0);
    const potential = new MixturePotential(start.shape.slice(1), { direction: "f", components });
    potential.begin(end, { epsilon, spread: this.#spread, generator });
    const optimizer = new optim.Adam(potential.parameters(), { lr });
    for (let step = 0; step < steps; step++)
      tidy(() =>
        enableGrad(() => {
          const some = (x: Tensor) =>
            x.indexSelect(0, randint(0, x.size(0), [Math.min(batch, x.size(0))], { generator }));
          optimizer.lr = (lr / 2) * (1 + Math.cos((Math.PI * step) / steps));
          const loss = potential
            .logNormalizer(some(start))
            .mean()
            .sub(potential.logPotential(some(end)).mean());
          optimizer.zeroGrad();
          loss.backward();
          optimizer.step();
        }),
      );
    noGrad(() => {
      this.epsilon.fill_(epsilon);
      for (const name of ["log_alpha", "log_S", "r"] as const) this[name].copy_(potential[name]);
    });
    optimizer.dispose();
    potential.dispose();
  }

  forward(x: Tensor, u: Tensor): Tensor {
    const one = isOneTime(u);
    const rows = one ? x.unsqueeze(0) : x.unsqueeze(1);
    return mixtureDrift(rows, one ? u.narrow(0, 0, 1) : u, this).reshape(x.shape);
  }
}
