// Training times spread as the steps of a time grid: as many in a short step as in a long one. Where a schedule has short
// steps near an end, that is where its networks have the most to learn.
import { type Device, type Tensor, tensor } from "@dsbm/torch";
import type { TimeGrid } from "./schedule.js";

export class StepTimes {
  readonly #times: Tensor;
  readonly #steps: Tensor;

  constructor(
    readonly grid: TimeGrid,
    device: Device = "cpu",
  ) {
    this.#times = tensor(grid.times.slice(0, -1), { dtype: "float32", device }).keep();
    this.#steps = tensor([...grid.steps], { dtype: "float32", device }).keep();
  }

  /** For uniform u [B] in [0, 1) times [B] in [eps, 1 − eps]: uniform in a step that is itself drawn uniformly. */
  of(u: Tensor, eps: number): Tensor {
    const n = this.grid.steps.length;
    const place = u.mul(n);
    const k = place.floor().clamp({ min: 0, max: n - 1 });
    const index = k.to("int64");
    const [start, length] = [this.#times, this.#steps].map((t) => t.indexSelect(0, index)) as [
      Tensor,
      Tensor,
    ];
    const t = start.add(place.sub(k).mul(length)).to(u.dtype);
    return t.clamp({ min: eps, max: 1 - eps });
  }

  dispose(): void {
    this.#times.dispose();
    this.#steps.dispose();
  }
}
