import { allFinite, call, cat, type Tensor, tidy, zeros } from "@dsbm/torch";
import { dataError, notFiniteError } from "../core/errors.js";
import type { Gaussian } from "./frechet.js";

/** Running mean and scatter of rows of `dim` features. */
export class FeatureStatistics implements Disposable {
  #n = 0;
  readonly #mean: Tensor;
  readonly #scatter: Tensor; // Σ (x − mean)(x − mean)ᵀ

  constructor(readonly dim: number) {
    this.#mean = zeros([dim], { dtype: "float64" }).keep();
    this.#scatter = zeros([dim, dim], { dtype: "float64" }).keep();
  }

  /** Features so far. */
  get n(): number {
    return this.#n;
  }

  /**
   * Adds features [n, dim].
   * @throws {BridgeError} for NaN or infinity, and then adds nothing.
   */
  update(features: Tensor): this {
    const m = features.size(0);
    if (m === 0) return this;
    tidy(() => {
      const x = features.to({ dtype: "float64", device: "cpu" });
      if (!allFinite(x))
        throw notFiniteError(
          `features ${this.#n} to ${this.#n + m - 1} have values that are NaN or infinite`,
        );
      // Merged without cancellation (Chan 1983): the difference of the means is one more row.
      const total = this.#n + m;
      const mean = x.mean(0);
      const step = mean.sub(this.#mean);
      const between = step.mul(Math.sqrt((this.#n * m) / total)).unsqueeze(0);
      const rows = cat([x.sub(mean), between]);
      call("aten::addmm_", "", this.#scatter, rows.t(), rows);
      this.#mean.add_(step.mul(m / total));
      this.#n = total;
    });
    return this;
  }

  /**
   * Mean and covariance over n − 1; the caller owns the tensors.
   * @throws {BridgeError} below two rows.
   */
  gaussian(): Gaussian {
    if (this.#n < 2)
      throw dataError(
        `a covariance of ${this.#n} ${this.#n === 1 ? "sample" : "samples"}; expected at least 2`,
      );
    return { mean: this.#mean.clone(), covariance: this.#scatter.div(this.#n - 1) };
  }

  dispose(): void {
    this.#mean.dispose();
    this.#scatter.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Mean and covariance of points [n, d]. */
export function gaussianOf(points: Tensor): Gaussian {
  using statistics = new FeatureStatistics(points.size(1));
  return statistics.update(points).gaussian();
}

/** Mean, covariance and its factor [d, n] of points [n, d], for few points of many features. */
export const factoredGaussianOf = (points: Tensor): Gaussian =>
  tidy(() => {
    const gaussian = gaussianOf(points);
    const centred = points.to({ dtype: "float64", device: "cpu" }).sub(gaussian.mean);
    return { ...gaussian, factor: centred.t().div(Math.sqrt(points.size(0) - 1)) };
  });
