// The Schrödinger bridge between Gaussians of the data's moments (Bunne et al. 2023).
import { Buffer, call, cat, eye, nn, type Tensor, tidy, zeros } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import { argumentError } from "../core/errors.js";
import { crossCovariance, powersOf } from "../core/gaussian.js";
import { isOneTime } from "../core/one-time.js";

/** Larger covariances are not inverted at every step. */
const mostDimensions = 4096;

const rowsPerDimension = 10;

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
  if (n >= rowsPerDimension * d) return { mean, cov };
  const one = eye(d, { dtype: "float64", device: cov.device }).mul(cov.trace().div(d));
  const apart = cov.sub(one).square().sum().item();
  const fourth = centred.square().sum(1).square().sum().item();
  const noise = (fourth - n * cov.square().sum().item()) / n ** 2;
  return { mean, cov: apart > 0 ? cov.lerp(one, Math.min(1, noise / apart)) : cov };
}

/** The drift x [B, …], t [B] → [B, …] of the direction in the condition (1 forward, 0 backward). */
export class FittedGaussian extends nn.Module {
  /** Means of both endpoints, [2, d]. */
  mean: Buffer;
  /** Covariances of both endpoints and Cov(X0, X1), [3, d, d]. */
  covariance: Buffer;
  /** Variance of the reference process over the whole time. */
  epsilon = new Buffer(zeros([]));

  /** @throws {BridgeError} for more than 4096 dimensions. */
  constructor(shape: readonly number[]) {
    super();
    const d = shape.reduce((a, b) => a * b, 1);
    if (d > mostDimensions)
      throw argumentError(
        `samples of shape [${shape}] have ${d} dimensions; a Gaussian bridge inverts covariances of up to ${mostDimensions}: write data.components=… to project them`,
      );
    this.mean = new Buffer(zeros([2, d]));
    this.covariance = new Buffer(zeros([3, d, d]));
  }

  /** Takes the moments of rows x0 [n, …] and x1 [m, …]; epsilon is the process's variance. */
  fit(x0: Tensor, x1: Tensor, epsilon: number): void {
    tidy(() => {
      this.epsilon.fill_(epsilon);
      const a = momentsOf(x0);
      const b = momentsOf(x1);
      const powers = powersOf(a.cov);
      const covariance = powersOf(b.cov)(1);
      const cross = crossCovariance(powers, covariance, epsilon);
      this.mean.copy_(cat([a.mean, b.mean]).reshape(this.mean.shape));
      this.covariance.copy_(cat([powers(1), covariance, cross]).reshape(this.covariance.shape));
    });
  }

  forward(x: Tensor, t: Tensor, { direction }: Conditions = {}): Tensor {
    if (!direction) throw argumentError("a Gaussian bridge needs a direction");
    const [m0, m1] = this.mean.unbind();
    // One matrix if all rows have one time, else a matrix a row.
    const times = isOneTime(t) ? t.narrow(0, 0, 1) : t;
    const s = times.reshape([-1, 1, 1]);
    const [A, B, C] = this.covariance.unbind();
    const r = s.rsub(1);
    const d = A.shape.at(-1)!;
    const noise = eye(d, { device: x.device }).mul(this.epsilon);
    const cov = A.mul(r.square())
      .add(B.mul(s.square()))
      .add(C.add(C.t()).add(noise).mul(r.mul(s)));
    const inverse = (call("aten::linalg_inv_ex", "", cov) as Tensor[])[0];
    // Of (start, point) and (point, end), and the forward drift's slope.
    const Q = A.mul(r).add(C.mul(s));
    const P = B.mul(s).add(C.mul(r));
    const S = P.sub(Q.transpose(1, 2)).sub(noise.mul(s));
    const rows = x.flatten({ startDim: 1 });
    const centred = rows.sub(m0.lerp(m1, times.reshape([-1, 1])));
    const times_ = (y: Tensor, m: Tensor) =>
      m.size(0) === 1 ? y.mm(m.select(0, 0)) : y.unsqueeze(1).bmm(m).squeeze(1);
    const away = times_(centred, inverse);
    const forward = times_(away, S).add(m1.sub(m0));
    // The backward drift is the reversed flow plus the score's pull.
    const f = direction.reshape([-1, 1]);
    const drift = forward.mul(f.mul(2).sub(1)).sub(away.mul(this.epsilon).mul(f.rsub(1)));
    return drift.reshape(x.shape);
  }
}
