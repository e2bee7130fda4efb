// The fixed drift of a mixture potential fitted to samples (Korotin et al. 2024, LightSB).
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

const fewestSteps = 300;
const mostSteps = 3000;
const batch = 512;
const rate = 1e-2;

/** x [B, d] and the direction's clock u [B] → the drift [B, d]. */
export class FittedMixture extends nn.Module {
  epsilon = new Buffer(zeros([]));
  /** log α [K], log diag S and r [K, d] (see `MixturePotential`). */
  log_alpha: Buffer;
  log_S: Buffer;
  r: Buffer;
  readonly #numbers: MixtureNumbers;

  constructor([d = 0]: readonly number[], numbers: MixtureNumbers) {
    super();
    const { components = 50 } = numbers;
    this.#numbers = numbers;
    this.log_alpha = new Buffer(zeros([components]));
    this.log_S = new Buffer(zeros([components, d]));
    this.r = new Buffer(zeros([components, d]));
  }

  /** Maximises LightSB's likelihood of source and target rows [n, d]. */
  fit({ start, end }: { start: Tensor; end: Tensor }, epsilon: number, generator: Generator): void {
    const [components = 0, d = 0] = this.r.shape;
    const { spread = 0.1 } = this.#numbers;
    const { device } = start;
    const potential = new MixturePotential([d], { direction: "f", components });
    if (device !== "cpu") potential.to({ device });
    potential.initialise(end, { epsilon, spread, generator });
    const optimizer = new optim.Adam(potential.parameters(), { lr: rate });
    const steps = Math.max(fewestSteps, Math.min(mostSteps, start.size(0)));
    const some = (x: Tensor) =>
      x.indexSelect(0, randint(0, x.size(0), [Math.min(batch, x.size(0))], { generator, device }));
    try {
      for (let step = 0; step < steps; step++)
        tidy(() =>
          enableGrad(() => {
            optimizer.lr = (rate / 2) * (1 + Math.cos((Math.PI * step) / steps));
            optimizer.zeroGrad();
            potential.loss(some(start), some(end)).backward();
            optimizer.step();
          }),
        );
      noGrad(() => {
        this.epsilon.fill_(epsilon);
        for (const name of ["log_alpha", "log_S", "r"] as const) this[name].copy_(potential[name]);
      });
    } finally {
      optimizer.dispose();
      potential.dispose();
    }
  }

  forward(x: Tensor, u: Tensor): Tensor {
    const one = isOneTime(u);
    const rows = one ? x.unsqueeze(0) : x.unsqueeze(1);
    return mixtureDrift(rows, one ? u.narrow(0, 0, 1) : u, this).reshape(x.shape);
  }
}
