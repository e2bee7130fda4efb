// Training times distributed as the steps of a time grid: as many in a short step as in a long one. Where a schedule has
// short steps near an end, networks have the most to learn there, but the noise of short steps is then most of the
// gradient. So a share of the times can stay uniform, for the long steps.

import type { TimeGrid } from "@dsbm/bridge";
import { type Device, type Tensor, tensor } from "@dsbm/torch";

export class StepTimes {
  /** Where each step begins, as a time and as a part of all times drawn; and how long it is in both. */
  readonly #starts: Tensor;
  readonly #parts: Tensor;
  readonly #steps: Tensor;
  readonly #shares: Tensor;
  readonly #bounds: Tensor;

  /** `uniform` in [0, 1]: the share of the times that are uniform whatever the steps. */
  constructor(grid: TimeGrid, { device = "cpu", uniform = 0 }: StepTimesOptions = {}) {
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

  /** For uniform u [B] in [0, 1) times [B] in [eps, 1 − eps]: the inverse of their distribution function at u. */
  of(u: Tensor, eps: number): Tensor {
    const k = u.bucketize(this.#bounds, { right: true });
    const at = (t: Tensor) => t.indexSelect(0, k);
    const inside = u.sub(at(this.#parts)).div(at(this.#shares));
    const t = at(this.#starts).add(inside.mul(at(this.#steps)));
    return t.to(u.dtype).clamp({ min: eps, max: 1 - eps });
  }

  dispose(): void {
    const all = [this.#starts, this.#parts, this.#steps, this.#shares, this.#bounds];
    for (const t of all) t.dispose();
  }
}

interface StepTimesOptions {
  device?: Device;
  uniform?: number;
}
