import type { TimeGrid } from "@dsbm/bridge";
import { type Device, type Tensor, tensor } from "@dsbm/torch";

/** Training times that are spread as the steps of a grid, by the inverse of their distribution function. */
export class StepTimes {
  readonly #starts: Tensor;
  readonly #parts: Tensor;
  readonly #steps: Tensor;
  readonly #shares: Tensor;
  readonly #bounds: Tensor;

  /** `uniform` in [0, 1]: the share of uniform times. */
  constructor(grid: TimeGrid, { device = "cpu", uniform }: { device?: Device; uniform: number }) {
    const { times, steps } = grid;
    const n = steps.length;
    const parts = times.map((t, k) => uniform * t + (1 - uniform) * (k / n));
    const hold = (values: number[]) => tensor(values, { dtype: "float32", device }).keep();
    this.#starts = hold(times.slice(0, -1));
    this.#parts = hold(parts.slice(0, -1));
    this.#steps = hold([...steps]);
    this.#shares = hold(steps.map((length) => uniform * length + (1 - uniform) / n));
    this.#bounds = hold(parts.slice(1, -1));
  }

  /** Times [B] in [eps, 1 − eps] for uniform u [B] in [0, 1), by the inverse of the distribution function. */
  of(u: Tensor, eps: number): Tensor {
    const k = u.bucketize(this.#bounds, { right: true });
    const at = (t: Tensor) => t.indexSelect(0, k);
    const inside = u.sub(at(this.#parts)).div(at(this.#shares));
    const t = at(this.#starts).add(inside.mul(at(this.#steps)));
    return t.to(u.dtype).clamp({ min: eps, max: 1 - eps });
  }

  /** Frees the tables. */
  dispose(): void {
    const all = [this.#starts, this.#parts, this.#steps, this.#shares, this.#bounds];
    for (const t of all) t.dispose();
  }
}
