// A Schrödinger potential that is a mixture of Gaussians, which makes plan, drift and likelihood closed forms (Korotin et
// al. 2024, LightSB): v(y) = Σ_k α_k N(y; r_k, εS_k) with diagonal S_k, and the plan π(y|x) ∝ exp(x·y/ε) v(y).
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

/** The drift x [B, …], t [B] → [B, …] of one direction; x and y are the start and the end of that direction. */
export class MixturePotential extends nn.Module {
  /** Variance of the reference process over the whole time. */
  epsilon = new Buffer(zeros([]));
  /** log α [K], log diag S and r [K, d]. */
  log_alpha: Parameter;
  log_S: Parameter;
  r: Parameter;
  readonly #direction: Direction;

  /** `components`: K. */
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

  /** Equal weights, S = `spread`, and centres that are random rows of the end [n, …]. */
  begin(
    end: Tensor,
    { epsilon, spread, generator }: { epsilon: number; spread: number; generator: Generator },
  ): void {
    noGrad(() =>
      tidy(() => {
        const [components] = this.log_alpha.shape as [number];
        const order = randperm(end.size(0), { generator, device: end.device });
        const times = Math.ceil(components / end.size(0));
        const index = order.repeat([times]).narrow(0, 0, components);
        this.r.copy_(end.flatten({ startDim: 1 }).indexSelect(0, index));
        this.log_alpha.fill_(-Math.log(components));
        this.log_S.fill_(Math.log(spread));
        this.epsilon.fill_(epsilon);
      }),
    );
  }

  /** Logarithms of the unnormalised weights of the plan's components, given starts x [B, d]: [B, K]. */
  #logits(x: Tensor): Tensor {
    const quadratic = x.square().mm(this.log_S.exp().t()).mul(0.5);
    return quadratic.add(x.mm(this.r.t())).div(this.epsilon).add(this.log_alpha);
  }

  /** The plan for starts x [B, …]: weights [B, K], means [B, K, d] and variances [K, d] of its Gaussians. */
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

  /** log v(y) for ends y [B, …]: [B]. */
  logPotential(y: Tensor): Tensor {
    const rows = y.flatten({ startDim: 1 });
    const precision = this.log_S.neg().exp().div(this.epsilon);
    const scaled = this.r.mul(precision);
    const constant = this.r.mul(scaled).add(this.log_S).sum(1);
    const d = rows.size(1);
    const logs = rows
      .square()
      .mm(precision.t())
      .mul(-0.5)
      .add(rows.mm(scaled.t()))
      .add(constant, { alpha: -0.5 })
      .add(this.log_alpha);
    const normal = this.epsilon
      .mul(2 * Math.PI)
      .log()
      .mul(-d / 2);
    return logs.logsumexp(1).add(normal);
  }

  /**
   * A draw of the end [B, …] given starts x [B, …]. z [B, …] is standard normal: its first number also chooses the
   * component, for a uniform number that is known to be in a part of [0, 1] is uniform there.
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
    const own = cat([first.to(normal.dtype), others], { dim: 1 });
    const component = k.squeeze(1);
    const S = this.log_S.indexSelect(0, component).exp();
    const mean = this.r.indexSelect(0, component).add(S.mul(rows));
    return mean.add(S.mul(this.epsilon).sqrt().mul(own)).reshape(x.shape);
  }

  forward(x: Tensor, t: Tensor): Tensor {
    const rows = x.flatten({ startDim: 1 });
    const own = isOneTime(t) ? t.narrow(0, 0, 1) : t;
    const left = (this.#direction === "f" ? own.rsub(1) : own).clamp({ min: 1e-6 }).unsqueeze(1);
    const scale = left.mul(this.epsilon);
    const precision = this.log_S.neg().exp().div(this.epsilon);
    const pull = this.r.mul(precision);
    // [B or 1, K, d] and [B, K, d]: the Gaussian integral over the end, component by component.
    const A = left.rsub(1).div(scale).unsqueeze(1).add(precision);
    const c = rows.div(scale).unsqueeze(1).add(pull);
    const mean = c.div(A);
    const exponent = c.mul(mean).sub(A.log()).sub(this.log_S).sub(this.r.mul(pull));
    const weights = exponent.sum(2).mul(0.5).add(this.log_alpha).softmax(1);
    const end = weights.unsqueeze(1).bmm(mean).squeeze(1);
    return end.sub(rows).div(left).reshape(x.shape);
  }
}

/**
 * log π₁(y) of ends y [B, …], the density of the plan's end for starts that are the rows x [n, …], in nats: [B]. All
 * pairs are held at once.
 */
export function mixtureLogLikelihood(potential: MixturePotential, y: Tensor, x: Tensor): Tensor {
  return tidy(() => {
    const [a, b] = [x.flatten({ startDim: 1 }), y.flatten({ startDim: 1 })];
    const inner = b.mm(a.t()).div(potential.epsilon);
    const given = inner
      .sub(potential.logNormalizer(x))
      .logsumexp(1)
      .sub(Math.log(a.size(0)));
    return given.add(potential.logPotential(y));
  });
}
