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
import { type Conditions, rowsWhere } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import { isOneTime } from "../core/one-time.js";
import { type ConditionKind, classOf, numbersOf, unconditioned } from "./condition.js";

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
  given?: Conditions | undefined;
}

/** log α [K], log diag S and r [K, d]; [B, K] and [B, K, d] under row conditions. */
export interface Mixture {
  log_alpha: Tensor;
  log_S: Tensor;
  r: Tensor;
}

/** x·m of rows x [B, d] and vectors m [K, d] or [B, K, d]: [B, K]. */
const along = (x: Tensor, m: Tensor): Tensor =>
  m.ndim === 2 ? x.mm(m.t()) : m.bmm(x.unsqueeze(2)).squeeze(2);

/**
 * The drift x [B, …], t [B] → [B, …] of one direction; x and y are its start and endpoint. A class has its own
 * mixture; log α, r and log S are affine in numbers.
 */
export class MixturePotential extends nn.Module {
  /** Variance of the reference process over the whole time. */
  epsilon = new Buffer(zeros([]));
  /** log α [K], log diag S and r [K, d]; with classes [C, …] or a constant and slopes [1 + c, …] before. */
  log_alpha: Parameter;
  /** As `log_alpha`, [K, d]. */
  log_S: Parameter;
  /** As `log_alpha`, [K, d]. */
  r: Parameter;
  /** Range [2, c] of the numbers seen; others are clamped to it. */
  range: Buffer | null;
  readonly #direction: Direction;
  readonly #kind: ConditionKind;

  constructor(
    shape: readonly number[],
    {
      direction,
      components,
      conditions = unconditioned,
    }: { direction: Direction; components: number; conditions?: ConditionKind | undefined },
  ) {
    super();
    const d = shape.reduce((a, b) => a * b, 1);
    const { classes, numbers } = conditions;
    const each = classes > 0 ? [classes] : numbers > 0 ? [1 + numbers] : [];
    this.log_alpha = new Parameter(zeros([...each, components]));
    this.log_S = new Parameter(zeros([...each, components, d]));
    this.r = new Parameter(zeros([...each, components, d]));
    this.range = numbers > 0 ? new Buffer(zeros([2, numbers])) : null;
    this.#direction = direction;
    this.#kind = conditions;
  }

  /** Equal weights, S = `spread`, and random rows [n, …] as centres, for each class; slopes start at 0. */
  begin(end: Tensor, { epsilon, spread, generator, given }: MixtureStart): void {
    noGrad(() =>
      tidy(() => {
        const { classes, numbers } = this.#kind;
        const rows = end.flatten({ startDim: 1 });
        const put = (parameter: Tensor, at: (t: Tensor) => Tensor) => {
          const components = this.log_alpha.shape.at(-1)!;
          const order = randperm(parameter.size(0), { generator, device: parameter.device });
          const times = Math.ceil(components / parameter.size(0));
          const index = order.repeat([times]).narrow(0, 0, components);
          at(this.r).copy_(parameter.indexSelect(0, index));
          at(this.log_alpha).fill_(-Math.log(components));
          at(this.log_S).fill_(Math.log(spread));
        };
        const label = classes > 0 ? classOf("LightSB", given, classes) : null;
        if (label)
          for (let c = 0; c < classes; c++) {
            const members = rowsWhere(rows, label, c);
            put(members.size(0) > 0 ? members : rows, (t) => t.select(0, c));
          }
        else put(rows, numbers > 0 ? (t) => t.select(0, 0) : (t) => t);
        if (this.range) {
          const values = numbersOf("LightSB", given, numbers);
          this.range.select(0, 0).copy_(values.amin({ dim: [0] }));
          this.range.select(0, 1).copy_(values.amax({ dim: [0] }));
        }
        this.epsilon.fill_(epsilon);
      }),
    );
  }

  #mixture(conditions: Conditions | undefined): Mixture {
    const { log_alpha, log_S, r } = this;
    const { classes, numbers } = this.#kind;
    if (classes > 0) {
      const label = classOf("LightSB", conditions, classes);
      const select = (t: Tensor) => t.indexSelect(0, label);
      return { log_alpha: select(log_alpha), log_S: select(log_S), r: select(r) };
    }
    if (!this.range) return { log_alpha, log_S, r };
    const [low, high] = this.range.unbind();
    const c = numbersOf("LightSB", conditions, numbers).maximum(low).minimum(high);
    const affine = (t: Tensor) => {
      const constant = t.select(0, 0);
      const slopes = t.narrow(0, 1, numbers);
      const moved = c.mm(slopes.flatten({ startDim: 1 }));
      return moved.reshape([c.size(0), ...t.shape.slice(1)]).add(constant);
    };
    return { log_alpha: affine(log_alpha), log_S: affine(log_S), r: affine(r) };
  }

  /** Log weights of the plan's components, unnormalised, for x [B, d]: [B, K]. */
  #logits(x: Tensor, { log_alpha, log_S, r }: Mixture): Tensor {
    const quadratic = along(x.square(), log_S.exp()).mul(0.5);
    return quadratic.add(along(x, r)).div(this.epsilon).add(log_alpha);
  }

  /** The plan for starts x [B, …]: weights [B, K], means [B, K, d] and variances [K, d] (or [B, K, d]). */
  plan(x: Tensor, conditions?: Conditions): { weights: Tensor; means: Tensor; variances: Tensor } {
    const rows = x.flatten({ startDim: 1 });
    const mixture = this.#mixture(conditions);
    const S = mixture.log_S.exp();
    return {
      weights: this.#logits(rows, mixture).softmax(1),
      means: rows.unsqueeze(1).mul(S).add(mixture.r),
      variances: S.mul(this.epsilon),
    };
  }

  /** log ∫ exp(x·y/ε) v(y) dy for starts x [B, …]: [B]. */
  logNormalizer(x: Tensor, conditions?: Conditions): Tensor {
    return this.#logits(x.flatten({ startDim: 1 }), this.#mixture(conditions)).logsumexp(1);
  }

  /** log v(y) for endpoints y [B, …]: [B]. */
  logPotential(y: Tensor, conditions?: Conditions): Tensor {
    const { log_alpha, log_S, r } = this.#mixture(conditions);
    const rows = y.flatten({ startDim: 1 });
    const precision = log_S.neg().exp().div(this.epsilon);
    const scaled = r.mul(precision);
    const constant = r.mul(scaled).add(log_S).sum(-1);
    const d = rows.size(1);
    const logs = along(rows.square(), precision)
      .mul(-0.5)
      .add(along(rows, scaled))
      .add(constant, { alpha: -0.5 })
      .add(log_alpha);
    const normal = this.epsilon
      .mul(2 * Math.PI)
      .log()
      .mul(-d / 2);
    return logs.logsumexp(1).add(normal);
  }

  /** LightSB's loss of starts x [B, …] and endpoints y [n, …], not necessarily pairs: []. */
  loss(x: Tensor, y: Tensor, conditions?: Conditions): Tensor {
    return this.logNormalizer(x, conditions).mean().sub(this.logPotential(y, conditions).mean());
  }

  /**
   * Draws endpoints [B, …] for starts x [B, …] from standard normal z. The first number of z also chooses the
   * component: uniform within its part of [0, 1], it is uniform again.
   */
  draw(x: Tensor, z: Tensor, conditions?: Conditions): Tensor {
    const mixture = this.#mixture(conditions);
    const rows = x.flatten({ startDim: 1 });
    const normal = z.flatten({ startDim: 1 });
    const weights = this.#logits(rows, mixture).to("float64").softmax(1);
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
    const of = (t: Tensor) =>
      t.ndim === 2
        ? t.indexSelect(0, component)
        : t.gather(1, k.unsqueeze(2).expand([-1, 1, t.size(2)])).squeeze(1);
    const S = of(mixture.log_S).exp();
    const mean = of(mixture.r).add(S.mul(rows));
    return mean.add(S.mul(this.epsilon).sqrt().mul(uniform)).reshape(x.shape);
  }

  #drift(x: Tensor, t: Tensor, mixture: Mixture): Tensor {
    const u = this.#direction === "f" ? t : t.rsub(1);
    return mixtureDrift(x, u, { ...mixture, epsilon: this.epsilon });
  }

  forward(x: Tensor, t: Tensor, conditions?: Conditions): Tensor {
    const rows = x.flatten({ startDim: 1 });
    const mixture = this.#mixture(conditions);
    // Rows of one time and one mixture are one matrix product.
    const isOne = isOneTime(t) && mixture.r.ndim === 2;
    const groups = isOne ? rows.unsqueeze(0) : rows.unsqueeze(1);
    return this.#drift(groups, isOne ? t.narrow(0, 0, 1) : t, mixture).reshape(x.shape);
  }

  /** The drift of rows x [B, …] at times t [G], with equally many consecutive rows each. */
  atTimes(x: Tensor, t: Tensor, conditions?: Conditions): Tensor {
    const mixture = this.#mixture(conditions);
    if (mixture.r.ndim === 3)
      return this.forward(x, t.repeatInterleave(x.size(0) / t.size(0)), conditions);
    return this.#drift(x.reshape([t.size(0), -1, mixture.r.size(1)]), t, mixture).reshape(x.shape);
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
