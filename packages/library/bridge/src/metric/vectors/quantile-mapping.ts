// Quantile mapping, the usual correction of climate models: a value becomes the value of the same rank.
import { type Tensor, tensor, tidy } from "@dsbm/torch";

/** The place of a value among sorted values, from 0 to length − 1, linear between them. */
function placeAmong(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  if (value <= sorted[low]) return low;
  if (value >= sorted[high]) return high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle;
  }
  const width = sorted[high] - sorted[low];
  return low + (width > 0 ? (value - sorted[low]) / width : 0);
}

/** The value at a place among sorted values, linear between them. */
function valueAt(sorted: Float64Array, place: number): number {
  const low = Math.min(Math.floor(place), sorted.length - 1);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

/**
 * Maps each column of x [n, d] by empirical quantiles: a value of rank p in `from` [m, d] becomes the value of rank p in `to`
 * [k, d]. Values beyond `from` become the ends of `to`. Returns float64 [n, d]. Source: Cannon 2015.
 */
export function quantileMapping(x: Tensor, from: Tensor, to: Tensor): Tensor {
  const [n, d] = x.shape as [number, number];
  const columnsOf = (t: Tensor) =>
    tidy(() => {
      const columns = t.to("float64").t().contiguous().unbind();
      return columns.map((column) => Float64Array.from(column.toNumbers()));
    });
  const values = columnsOf(x);
  const sources = columnsOf(from);
  const targets = columnsOf(to);
  const mapped = new Float64Array(n * d);
  for (let k = 0; k < d; k++) {
    const source = sources[k].sort();
    const target = targets[k].sort();
    const scale = (target.length - 1) / Math.max(1, source.length - 1);
    for (let i = 0; i < n; i++)
      mapped[i * d + k] = valueAt(target, scale * placeAmong(source, values[k][i]));
  }
  return tensor(mapped, { shape: [n, d] });
}
