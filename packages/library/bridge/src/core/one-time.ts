// The time of a solver's step is one number for all rows, so that a network embeds it once.
import { full, type Tensor } from "@dsbm/torch";

/** One time for all rows of x, [B], a view of a single number. */
export function oneTime(x: Tensor, time: number): Tensor {
  return full([1], time, { device: x.device, dtype: x.dtype }).expand([x.size(0)]);
}

/** Whether times [B] are one number by construction. */
export function isOneTime({ shape, strides }: Tensor): boolean {
  return shape.length === 1 && shape[0] > 1 && strides[0] === 0;
}
