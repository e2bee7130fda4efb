// The Schrödinger bridge between Gaussians of the data's moments (Bunne et al. 2023); each class has its moments,
// numbers give means by regression.
import { Buffer, call, cat, eye, nn, stack, type Tensor, tidy, zeros } from "@dsbm/torch";
import { type Conditions, conditionsAt, rowsWhere } from "../core/conditions.js";
import type { Endpoint } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { argumentError, dataError } from "../core/errors.js";
import { crossCovariance, powersOf } from "../core/gaussian.js";
import { isOneTime } from "../core/one-time.js";
import { type ConditionKind, classOf, numbersOf, unconditioned } from "./condition.js";

/** Larger covariances are not inverted at every step. */
const most = 4096;

const enough = 10;

/**
 * Mean [d] and covariance [d, d] of rows x [n, …], float64, shrunk towards one variance for few rows (Ledoit and
 * Wolf 2004, Lemma 3.3).
 */
function momentsOf(x: Tensor): { mean: Tensor; cov: Tensor } {
  const rows = x.flatten({ startDim: 1 }).to("float64");
  const n = rows.size(0);
  const d = rows.size(1);
  const mean = rows.mean(0);
  const centred = rows.sub(mean);
  const cov = centred.t().mm(centred).div(n);
  if (n >= enough * d) return { mean, cov };
  const one = eye(d, { dtype: "float64", device: cov.device }).mul(cov.trace().div(d));
  const apart = cov.sub(one).square().sum().item();
  const fourth = centred.square().sum(1).square().sum().item();
  const noise = (fourth - n * cov.square().sum().item()) / n ** 2;
  return { mean, cov: apart > 0 ? cov.lerp(one, Math.min(1, noise / apart)) : cov };
}

/** The regression of rows x [n, d] on conditions c [n, k], [1 + k, d], and its residuals, in float64. */
function regressed(x: Tensor, c: Tensor): { slopes: Tensor; rest: Tensor } {
  const rows = x.flatten({ startDim: 1 }).to("float64");
  const one = c.to("float64").narrow(1, 0, 1).mul(0).add(1);
  const inputs = cat([one, c.to("float64")], { dim: 1 });
  const withInputs = (t: Tensor) => inputs.t().mm(t).div(rows.size(0));
  // A constant condition has an inverse too.
  const ridge = eye(inputs.size(1), { dtype: "float64", device: c.device }).mul(1e-9);
  const slopes = withInputs(inputs).add(ridge).linalgInv().mm(withInputs(rows));
  return { slopes, rest: rows.sub(inputs.mm(slopes)) };
}

/** The drift x [B, …], t [B] → [B, …] of the direction in the condition (1 forward, 0 backward). */
export class FittedGaussian extends nn.Module {
  /** Means [2, d]; of classes [C, 2, d]; of numbers a constant and slopes [1 + c, 2, d]. */
  mean: Buffer;
  /** Covariances of both endpoints and Cov(X0, X1), [3, d, d] or [C, 3, d, d]. */
  covariance: Buffer;
  /** Variance of the reference process over the whole time. */
  epsilon = new Buffer(zeros([]));
  readonly #kind: ConditionKind;

  /** Throws a BridgeError for more than 4096 dimensions. */
  constructor(shape: readonly number[], kind: ConditionKind = unconditioned) {
    super();
    const d = shape.reduce((a, b) => a * b, 1);
    if (d > most)
      throw argumentError(
        `samples of shape [${shape}] have ${d} dimensions; a Gaussian bridge inverts covariances of up to ${most}: write data.components=… to project them`,
      );
    const { classes, numbers } = kind;
    const each = classes > 0 ? [classes] : [];
    this.mean = new Buffer(zeros([...(numbers > 0 ? [1 + numbers] : each), 2, d]));
    this.covariance = new Buffer(zeros([...each, 3, d, d]));
    this.#kind = kind;
  }

  /**
   * Takes the moments of rows x0 [n, …] and x1 [m, …] under their conditions; epsilon is the process's variance.
   * Throws a BridgeError for a class with fewer than two rows.
   */
  fit(
    x0: Tensor,
    x1: Tensor,
    epsilon: number,
    conditions: Endpoints["conditions"] = undefined,
  ): void {
    tidy(() => {
      const { classes, numbers } = this.#kind;
      const given = (end: Endpoint) => conditionsAt(conditions, end)?.values;
      this.epsilon.fill_(epsilon);
      if (numbers > 0) {
        const of = (end: Endpoint, x: Tensor) =>
          regressed(x, numbersOf("gaussian_bridge", given(end), numbers));
        const a = of("x0", x0);
        const b = of("x1", x1);
        this.mean.copy_(stack([a.slopes, b.slopes], { dim: 1 }));
        this.#put(a.rest, b.rest, epsilon, { covariance: this.covariance });
        return;
      }
      if (classes === 0) return this.#put(x0, x1, epsilon, this);
      const labels = (end: Endpoint) => classOf("gaussian_bridge", given(end), classes);
      const l0 = labels("x0");
      const l1 = labels("x1");
      for (let c = 0; c < classes; c++) {
        const a = rowsWhere(x0, l0, c);
        const b = rowsWhere(x1, l1, c);
        if (Math.min(a.size(0), b.size(0)) < 2)
          throw dataError(
            `class ${c} has ${a.size(0)} rows at time 0 and ${b.size(0)} at time 1; a Gaussian bridge of each class needs two at both: leave its rows out, or the condition`,
          );
        const at = { mean: this.mean.select(0, c), covariance: this.covariance.select(0, c) };
        this.#put(a, b, epsilon, at);
      }
    });
  }

  #put(x0: Tensor, x1: Tensor, epsilon: number, into: { mean?: Tensor; covariance: Tensor }): void {
    const a = momentsOf(x0);
    const b = momentsOf(x1);
    const powers = powersOf(a.cov);
    const covariance = powersOf(b.cov)(1);
    const cross = crossCovariance(powers, covariance, epsilon);
    into.mean?.copy_(cat([a.mean, b.mean]).reshape(into.mean.shape));
    into.covariance.copy_(cat([powers(1), covariance, cross]).reshape(into.covariance.shape));
  }

  #means(conditions: Conditions): { m0: Tensor; m1: Tensor; label: Tensor | null } {
    const { classes, numbers } = this.#kind;
    const label = classes > 0 ? classOf("gaussian_bridge", conditions, classes) : null;
    let both: Tensor = this.mean;
    if (label) both = both.indexSelect(0, label);
    if (numbers > 0) {
      const c = numbersOf("gaussian_bridge", conditions, numbers);
      const moved = c.mm(this.mean.narrow(0, 1, numbers).flatten({ startDim: 1 }));
      both = moved.reshape([-1, ...this.mean.shape.slice(1)]).add(this.mean.select(0, 0));
    }
    const [m0, m1] = both.unbind({ dim: both.ndim - 2 });
    return { m0, m1, label };
  }

  forward(x: Tensor, t: Tensor, { direction, ...given }: Conditions = {}): Tensor {
    if (!direction) throw argumentError("a Gaussian bridge needs a direction");
    const { m0, m1, label } = this.#means(given);
    // One matrix if all rows have one time, else a matrix a row or class.
    const times = isOneTime(t) ? t.narrow(0, 0, 1) : t;
    const s = times.reshape([-1, 1, 1]);
    const perRow = label !== null && times.size(0) > 1;
    const all = perRow ? this.covariance.indexSelect(0, label) : this.covariance;
    const [A, B, C] = all.unbind({ dim: all.ndim - 3 });
    const r = s.rsub(1);
    const d = A.shape.at(-1)!;
    const noise = eye(d, { device: x.device }).mul(this.epsilon);
    const cov = A.mul(r.square())
      .add(B.mul(s.square()))
      .add(
        C.add(C.ndim === 2 ? C.t() : C.transpose(1, 2))
          .add(noise)
          .mul(r.mul(s)),
      );
    const inverse = (call("aten::linalg_inv_ex", "", cov) as Tensor[])[0];
    // Of (start, point) and (point, end), and the forward drift's slope.
    const Q = A.mul(r).add(C.mul(s));
    const P = B.mul(s).add(C.mul(r));
    const S = P.sub(Q.transpose(1, 2)).sub(noise.mul(s));
    const rows = x.flatten({ startDim: 1 });
    const centred = rows.sub(m0.lerp(m1, times.reshape([-1, 1])));
    const ofRows = (m: Tensor) => (label && !perRow ? m.indexSelect(0, label) : m);
    const times_ = (y: Tensor, m: Tensor) =>
      m.size(0) === 1 && !label ? y.mm(m.select(0, 0)) : y.unsqueeze(1).bmm(m).squeeze(1);
    const away = times_(centred, ofRows(inverse));
    const forward = times_(away, ofRows(S)).add(m1.sub(m0));
    // The backward drift is the reversed flow plus the score's pull.
    const f = direction.reshape([-1, 1]);
    const drift = forward.mul(f.mul(2).sub(1)).sub(away.mul(this.epsilon).mul(f.rsub(1)));
    return drift.reshape(x.shape);
  }
}
