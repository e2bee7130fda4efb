// A Schrödinger potential v(y) = Σ_k α_k N(y; r_k, εS_k) with diagonal S_k, so that the plan π(y|x) ∝ exp(x·y/ε)
// v(y), drift and likelihood are closed forms (Korotin et al. 2024, LightSB).
import {
  Buffer,
  cat,
  type Generator,
  nn,
  noGrad,
  Parameter,
  randperm,
  type Tensor,
  tidy,
  zeros,
} from "@dsbm/torch";
import type { Direction } from "../core/direction.js";
import { isOneTime } from "../core/one-time.js";

/** Options of a potential that is a mixture of Gaussians. */
export interface MixtureNumbers {
  /** Components of the mixture (default 50). */
  components?: number | undefined;
  /** S of each component at first (default 0.1). */
  spread?: number | undefined;
}

interface MixtureStart {
  epsilon: number;
  spread: number;
  generator: Generator;
}

/** log α [K], log diag S and r [K, d]. */
export interface Mixture {
  log_alpha: Tensor;
  log_S: Tensor;
  r: Tensor;
}

/** The drift x [B, …], t [B] → [B, …] of one direction; x and y are its start and endpoint. */
export class MixturePotential extends nn.Module {
  /** Variance of the reference process over the whole time. */
  epsilon = new Buffer(zeros([]));
  /** log α [K]. */
  log_alpha: Parameter;
  /** log diag S [K, d]. */
  log_S: Parameter;
  /** r [K, d]. */
  r: Parameter;
  readonly #direction: Direction;

  constructor(
    shape: readonly number[],
    { direction, components }: { direction: Direction; components: number },
  ) {
    super();
    const d = shape.reduce((a, b) => a * b, 1);
    this.log_alpha = new Parameter(zeros([components]));
    this.log_S = new Parameter(zeros([components, d]));
    this.r = new Parameter(zeros([components, d]));
    this.#direction = direction;
  }

  /** Equal weights, S = `spread`, and random rows [n, …] as centres. */
  initialise(end: Tensor, { epsilon, spread, generator }: MixtureStart): void {
    noGrad(() =>
      tidy(() => {
        const rows = end.flatten({ startDim: 1 });
        const components = this.log_alpha.size(0);
        const order = randperm(rows.size(0), { generator, device: rows.device });
        const times = Math.ceil(components / rows.size(0));
        const index = order.repeat([times]).narrow(0, 0, components);
        this.r.copy_(rows.indexSelect(0, index));
        this.log_alpha.fill_(-Math.log(components));
        this.log_S.fill_(Math.log(spread));
        this.epsilon.fill_(epsilon);
      }),
    );
  }

  /** Log weights of the plan's components, unnormalised, for x [B, d]: [B, K]. */
  #logits(x: Tensor): Tensor {
    const quadratic = x.square().mm(this.log_S.exp().t()).mul(0.5);
    return quadratic.add(x.mm(this.r.t())).div(this.epsilon).add(this.log_alpha);
  }

  /** The plan for starts x [B, …]: weights [B, K], means [B, K, d] and variances [K, d]. */
  plan(x: Tensor): { weights: Tensor; means: Tensor; variances: Tensor } {
    const rows = x.flatten({ startDim: 1 });
    const S = this.log_S.exp();
    return {
      weights: this.#logits(rows).softmax(1),
      means: rows.unsqueeze(1).mul(S).add(this.r),
      variances: S.mul(this.epsilon),
    };
  }

  /** log ∫ exp(x·y/ε) v(y) dy for starts x [B, …]: [B]. */
  logNormalizer(x: Tensor): Tensor {
    return this.#logits(x.flatten({ startDim: 1 })).logsumexp(1);
  }

  /** log v(y) for endpoints y [B, …]: [B]. */
  logPotential(y: Tensor): Tensor {
    const { log_alpha, log_S, r } = this;
    const rows = y.flatten({ startDim: 1 });
    const precision = log_S.neg().exp().div(this.epsilon);
    const scaled = r.mul(precision);
    const constant = r.mul(scaled).add(log_S).sum(-1);
    const d = rows.size(1);
    const logs = rows
      .square()
      .mm(precision.t())
      .mul(-0.5)
      .add(rows.mm(scaled.t()))
      .add(constant, { alpha: -0.5 })
      .add(log_alpha);
    const normal = this.epsilon
      .mul(2 * Math.PI)
      .log()
      .mul(-d / 2);
    return logs.logsumexp(1).add(normal);
  }

  /** LightSB's loss of starts x [B, …] and endpoints y [n, …], not necessarily pairs: []. */
  loss(x: Tensor, y: Tensor): Tensor {
    return this.logNormalizer(x).mean().sub(this.logPotential(y).mean());
  }

  /**
   * Draws endpoints [B, …] for starts x [B, …] from standard normal z. The first number of z also chooses the
   * component: uniform within its part of [0, 1], it is uniform again.
   */
  draw(x: Tensor, z: Tensor): Tensor {
    const rows = x.flatten({ startDim: 1 });
    const normal = z.flatten({ startDim: 1 });
    const weights = this.#logits(rows).to("float64").softmax(1);
    const upper = weights.cumsum(1);
    const u = normal.narrow(1, 0, 1).to("float64").mul(-Math.SQRT1_2).erfc().mul(0.5);
    const last = weights.size(1) - 1;
    const k = u.gt(upper).to("int64").sum(1, { keepdim: true }).clamp({ max: last });
    const weight = weights.gather(1, k);
    const within = u.sub(upper.gather(1, k)).div(weight).add(1);
    const first = within
      .clamp({ min: 1e-12, max: 1 - 1e-12 })
      .mul(2)
      .sub(1)
      .erfinv()
      .mul(Math.SQRT2);
    const others = normal.narrow(1, 1, normal.size(1) - 1);
    const uniform = cat([first.to(normal.dtype), others], { dim: 1 });
    const component = k.squeeze(1);
    const S = this.log_S.indexSelect(0, component).exp();
    const mean = this.r.indexSelect(0, component).add(S.mul(rows));
    return mean.add(S.mul(this.epsilon).sqrt().mul(uniform)).reshape(x.shape);
  }

  #drift(x: Tensor, t: Tensor): Tensor {
    return mixtureDrift(x, this.#direction === "f" ? t : t.rsub(1), this);
  }

  forward(x: Tensor, t: Tensor): Tensor {
    const rows = x.flatten({ startDim: 1 });
    // Rows of one time are one matrix product.
    const isOne = isOneTime(t);
    const groups = isOne ? rows.unsqueeze(0) : rows.unsqueeze(1);
    return this.#drift(groups, isOne ? t.narrow(0, 0, 1) : t).reshape(x.shape);
  }

  /** The drift of rows x [B, …] at times t [G], with equally many consecutive rows each. */
  atTimes(x: Tensor, t: Tensor): Tensor {
    return this.#drift(x.reshape([t.size(0), -1, this.r.size(1)]), t).reshape(x.shape);
  }
}

/**
 * The drift of rows x [G, n, d] at the direction's times u [G]: Σ_k w_k ((S_k − 1)x + r_k)/D_k with D_k = uS_k + 1
 * − u and log w_k = log α_k + Σ_d((S_k − 1)x² + 2r_k x − u r_k²)/(2εD_k) − ½ log D_k + const: a Gaussian integral
 * without a pole at u = 1.
 */
export function mixtureDrift(
  x: Tensor,
  u: Tensor,
  { log_alpha, log_S, r, epsilon }: Mixture & { epsilon: Tensor },
): Tensor {
  const time = u.reshape([-1, 1, 1]);
  const S = log_S.exp();
  const over = time.mul(S).add(time.rsub(1));
  const slope = S.sub(1).div(over);
  const shift = r.div(over);
  const constant = shift.mul(r).mul(time).div(epsilon).add(over.log()).sum(2).mul(-0.5);
  const logits = x
    .square()
    .mul(0.5)
    .bmm(slope.transpose(1, 2))
    .add(x.bmm(shift.transpose(1, 2)))
    .div(epsilon)
    .add(constant.add(log_alpha).unsqueeze(1));
  const weights = logits.softmax(2);
  return weights.bmm(slope).mul(x).add(weights.bmm(shift));
}
