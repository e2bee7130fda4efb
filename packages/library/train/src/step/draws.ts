// The random numbers of a training step: times in strata, and noise in pairs of opposite sign.

import type { TimeGrid } from "@dsbm/bridge";
import {
  arange,
  cat,
  type Device,
  type Generator,
  noisePairs,
  rand,
  randn,
  strata,
  type Tensor,
  tensor,
} from "@dsbm/torch";

const fits = ({ device, dtype }: Tensor) => device === "cpu" && dtype === "float32";

/** Times [B], uniform on [eps, 1 − eps]: one in each of B/2 equal strata, each twice. */
export function drawTimes(n: number, eps: number, generator: Generator, like: Tensor): Tensor {
  if (fits(like)) return strata(n, eps, generator);
  const half = Math.ceil(n / 2);
  const options = { device: like.device, dtype: like.dtype };
  const drawn = arange(0, half, options).add(rand([half], { generator, ...options }));
  const length = (1 - 2 * eps) / half;
  return twice(drawn, drawn, n).mul(length).add(eps);
}

/**
 * Standard normal noise [n, …], the second half the negative of the first. Rows i and i + B/2 share a time: the noise
 * of their targets, which grows without bound towards an endpoint, cancels.
 */
export function drawNoise(like: Tensor, generator: Generator, n = like.size(0)): Tensor {
  const rest = like.shape.slice(1);
  if (fits(like)) return noisePairs([n, ...rest], { generator });
  const z = randn([Math.ceil(n / 2), ...rest], {
    generator,
    device: like.device,
    dtype: like.dtype,
  });
  return twice(z, z.neg(), n);
}

function twice(a: Tensor, b: Tensor, n: number): Tensor {
  const both = cat([a, b]);
  return both.size(0) === n ? both : both.narrow(0, 0, n);
}

export class StepTimes {
  readonly #starts: Tensor;
  readonly #parts: Tensor;
  readonly #steps: Tensor;
  readonly #shares: Tensor;
  readonly #bounds: Tensor;

  /** `uniform` in [0, 1]: the share of uniform times. */
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

  /** Times [B] in [eps, 1 − eps] for uniform u [B] in [0, 1), by the inverse of the distribution function. */
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
