// The Schrödinger bridge between the Gaussians with the moments of the data, in closed form (Bunne et al. 2023): exact
// where both ends are Gaussian, a baseline for any other data.
import { Buffer, call, cat, eye, nn, type Tensor, tidy, zeros } from "@dsbm/torch";
import type { Conditions } from "../core/conditions.js";
import { BridgeError } from "../core/errors.js";
import { isOneTime } from "../core/one-time.js";

/** Covariances of more dimensions than these are not inverted at every step. */
const most = 4096;

/** a^p of a symmetric matrix; eigenvalues are at least 1e-9 of the largest, so that constant dimensions have inverses. */
function power(a: Tensor, p: number): Tensor {
  const [values, vectors] = a.linalgEigh();
  const least = Math.max(values.amax().item() * 1e-9, 1e-30);
  return vectors.mul(values.clamp({ min: least }).pow(p)).mm(vectors.t());
}

/** Mean [d] and covariance [d, d] of rows x [n, …], in float64. */
function momentsOf(x: Tensor): { mean: Tensor; cov: Tensor } {
  const rows = x.flatten({ startDim: 1 }).to("float64");
  const mean = rows.mean(0);
  const centred = rows.sub(mean);
  return { mean, cov: centred.t().mm(centred).div(rows.size(0)) };
}

/** The drift x [B, …], t [B] → [B, …] of the direction that is given as a condition (1 forward, 0 backward). */
export class FittedGaussian extends nn.Module {
  /** Means of both ends. */
  mean: Buffer;
  /** Covariances of both ends, and Cov(X0, X1). */
  covariance: Buffer;
  /** Variance of the reference process over the whole time. */
  epsilon = new Buffer(zeros([]));

  /** For samples of a shape. Throws a BridgeError for more than 4096 dimensions. */
  constructor(shape: readonly number[]) {
    super();
    const d = shape.reduce((a, b) => a * b, 1);
    if (d > most)
      throw new BridgeError(
        "argument",
        `samples of shape [${shape}] have ${d} dimensions; a Gaussian bridge inverts covariances of up to ${most}: write data.components=… to project them`,
      );
    this.mean = new Buffer(zeros([2, d]));
    this.covariance = new Buffer(zeros([3, d, d]));
  }

  /** Takes the moments of rows x0 [n, …] and x1 [m, …]; epsilon is the variance of the reference process. */
  fit(x0: Tensor, x1: Tensor, epsilon: number): void {
    tidy(() => {
      const [a, b] = [momentsOf(x0), momentsOf(x1)];
      const one = eye(a.cov.size(0), { dtype: "float64", device: a.cov.device });
      const root = power(a.cov, 0.5);
      const inner = root
        .mm(b.cov)
        .mm(root)
        .add(one, { alpha: epsilon ** 2 / 4 });
      const cross = root
        .mm(power(inner, 0.5))
        .mm(power(a.cov, -0.5))
        .sub(one, { alpha: epsilon / 2 });
      this.mean.copy_(cat([a.mean, b.mean]).reshape(this.mean.shape));
      this.covariance.copy_(cat([a.cov, b.cov, cross]).reshape(this.covariance.shape));
      this.epsilon.fill_(epsilon);
    });
  }

  forward(x: Tensor, t: Tensor, { direction }: Conditions = {}): Tensor {
    if (!direction) throw new BridgeError("argument", "a Gaussian bridge needs a direction");
    const [A, B, C] = this.covariance.unbind() as [Tensor, Tensor, Tensor];
    const [m0, m1] = this.mean.unbind() as [Tensor, Tensor];
    // One matrix where all rows have one time, else a matrix a row.
    const times = isOneTime(t) ? t.narrow(0, 0, 1) : t;
    const s = times.reshape([-1, 1, 1]);
    const r = s.rsub(1);
    const d = m0.size(0);
    const noise = eye(d, { device: x.device }).mul(this.epsilon);
    const cov = A.mul(r.square())
      .add(B.mul(s.square()))
      .add(C.add(C.t()).add(noise).mul(r.mul(s)));
    const inverse = (call("aten::linalg_inv_ex", "", cov) as Tensor[])[0] as Tensor;
    // Of (start, point) and (point, end), and the slope of the forward drift.
    const Q = A.mul(r).add(C.mul(s));
    const P = B.mul(s).add(C.mul(r));
    const S = P.sub(Q.transpose(1, 2)).sub(noise.mul(s));
    const rows = x.flatten({ startDim: 1 });
    const centred = rows.sub(m0.lerp(m1, times.reshape([-1, 1])));
    const times_ = (y: Tensor, m: Tensor) =>
      m.size(0) === 1 ? y.mm(m.select(0, 0)) : y.unsqueeze(1).bmm(m).squeeze(1);
    const away = times_(centred, inverse);
    const forward = times_(away, S).add(m1.sub(m0));
    // The backward drift is the same flow against time, and the pull of the score, −away, twice half.
    const f = direction.reshape([-1, 1]);
    const drift = forward.mul(f.mul(2).sub(1)).sub(away.mul(this.epsilon).mul(f.rsub(1)));
    return drift.reshape(x.shape);
  }
}
